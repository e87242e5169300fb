import { join } from 'node:path';
import type { Logger } from '../../core/logger.js';
import type { Position } from '../../sinks/sink.js';
import type { BranchCommands } from './branch-commands.js';
import { BranchFiles } from './branch-files.js';

const LOOK_MS = 500;

/** Carries out what commands want of the branches of this process, and remembers which are paused. */
export class BranchControl {
  private readonly files: Map<string, BranchFiles>;
  private timer: NodeJS.Timeout | null = null;
  private looking = false;
  /** Positions that are not written down yet. */
  private readonly moved = new Map<string, readonly Position[]>();

  constructor(
    folder: string,
    branches: readonly string[],
    private readonly logger: Logger,
  ) {
    this.files = new Map(branches.map((name) => [name, new BranchFiles(join(folder, name))]));
  }

  isPaused(branch: string): boolean {
    return this.files.get(branch)?.state.paused ?? false;
  }

  /** Its store has everything before these positions. */
  reached(branch: string, positions: readonly Position[]): void {
    this.moved.set(branch, positions);
  }

  start(commands: BranchCommands): void {
    this.timer = setInterval(() => {
      if (this.looking) return;
      this.looking = true;
      this.writeReach();
      void this.look(commands).finally(() => {
        this.looking = false;
      });
    }, LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.writeReach();
  }

  /** For whoever looks from outside; the branches themselves keep their positions with their sinks. */
  private writeReach(): void {
    for (const [branch, positions] of this.moved) {
      this.moved.delete(branch);
      try {
        this.files.get(branch)!.reach = { positions: [...positions] };
      } catch (fault) {
        this.logger.warn(`branch ${branch}: its positions cannot be written down: ${(fault as Error).message}`);
      }
    }
  }

  /** Branches side by side: one whose store is away may take its time. */
  private async look(commands: BranchCommands): Promise<void> {
    await Promise.all([...this.files].map(([name, files]) => this.carryOut(name, files, commands)));
  }

  private async carryOut(name: string, files: BranchFiles, commands: BranchCommands): Promise<void> {
    try {
      const { wish, state } = files;
      if (wish === null || wish.id === state.answered) return;
      let error: string | null = null;
      try {
        if (wish.do === 'rewind') await commands.rewind(name, wish.to);
        else await (wish.do === 'pause' ? commands.pause(name) : commands.resume(name));
      } catch (fault) {
        error = (fault as Error).message;
      }
      const paused = error !== null || wish.do === 'rewind' ? state.paused : wish.do === 'pause';
      files.state = { paused, answered: wish.id, error };
      this.logger.info(`branch ${name}: ${wish.do}${error === null ? '' : ` failed: ${error}`}`);
    } catch (fault) {
      this.logger.error(`branch ${name} cannot be commanded: ${(fault as Error).message}`);
    }
  }
}
