import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../../sinks/sink.js';
import type { LaneEntry } from '../lane-entry.js';

/** How often a change that was asked for is looked for. */
const CHANGE_MS = 20;

/** Pauses, resumes and rewinds single branches, in whatever state they are; each promise resolves when it is so. */
export class BranchCommands {
  constructor(
    /** The lanes of a branch in this process. */
    private readonly lanesOf: (branch: string) => LaneEntry[],
    private readonly wake: (entry: LaneEntry) => void,
    private readonly isStopping: () => boolean,
  ) {}

  /** Makes durable what the branch holds and closes it; what it has not read waits on the bus. */
  async pause(branch: string): Promise<void> {
    for (const entry of this.lanesOf(branch)) {
      entry.paused = true;
      this.summon(entry);
      while (entry.status.state !== 'paused' && !this.isOver(entry)) await sleep(CHANGE_MS);
    }
  }

  /** Goes on where it was; also with a branch that has stopped at rows that its store refused. */
  async resume(branch: string): Promise<void> {
    for (const entry of this.lanesOf(branch)) {
      entry.paused = false;
      if (entry.status.state === 'stopped') {
        entry.status.state = 'retrying';
        entry.status.error = null;
        entry.retryMs = 0;
        entry.retry.succeed();
      }
      this.summon(entry);
    }
  }

  /**
   * Feeds the store from these positions again. Resolves when it is open there; where that fails, it goes on where it was,
   * and the promise rejects with the cause.
   */
  async rewind(branch: string, to: readonly Position[]): Promise<void> {
    for (const entry of this.lanesOf(branch)) {
      const { paused } = entry;
      await this.pause(branch);
      entry.rewind = [...to];
      // It is opened in any case, so that the new positions are kept.
      entry.paused = false;
      this.summon(entry);
      let error: string | null = null;
      while (entry.rewind !== null && error === null && !this.isOver(entry)) {
        await sleep(CHANGE_MS);
        error = entry.status.error;
      }
      entry.rewind = null;
      entry.paused = paused;
      if (error !== null) throw new Error(error);
    }
  }

  private isOver(entry: LaneEntry): boolean {
    return this.isStopping() || entry.leaving;
  }

  private summon(entry: LaneEntry): void {
    entry.summoned = true;
    this.wake(entry);
  }
}
