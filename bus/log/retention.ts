import { blockFootprint } from './block-format.js';
import type { BlockKey } from './block-key.js';
import type { LogStore } from './log-store.js';
import type { PartitionLog } from './partition-log.js';

/** Blocks one transaction drops at most, beside one for each it writes: keeps commits short while a backlog goes. */
const DROPS_AT_ONCE = 256;

export interface RetentionLimits {
  retainUs: number | null;
  sizeBytes: number | null;
  whenFull: 'hold' | 'drop-oldest';
}

export interface Drop {
  log: PartitionLog;
  block: BlockKey;
  /** Records in it that a registered reader has not passed. */
  unread: number;
}

export interface Plan {
  drops: Drop[];
  /** The log takes no records until a reader moves on. */
  full: boolean;
}

/**
 * Says which blocks go with the next transaction. By age and by size, oldest first over all partitions, and only what
 * every registered reader has passed. Where that is not enough for the size, `drop-oldest` goes on with what has not
 * been read; `hold` reports the log as full. Nothing goes before `start`.
 */
export class Retention {
  private started = false;

  constructor(
    private readonly store: LogStore,
    private readonly limits: RetentionLimits,
    private readonly logs: () => Iterable<PartitionLog>,
  ) {}

  start(): void {
    this.started = true;
  }

  /** For a transaction that adds about `incomingBytes` in `incomingBlocks` to `storedBytes`. */
  plan(storedBytes: number, incomingBytes: number, incomingBlocks: number, nowUs: number): Plan {
    const { sizeBytes, whenFull } = this.limits;
    const logs = [...this.logs()];
    for (const log of logs) log.planned = 0;
    const plan: Plan = { drops: [], full: false };
    const roomAtOnce = this.started ? DROPS_AT_ONCE + incomingBlocks : 0;
    if (roomAtOnce > 0) this.planAge(plan, logs, roomAtOnce, nowUs);
    if (sizeBytes === null) return plan;

    let stored = storedBytes;
    for (const { block } of plan.drops) stored -= blockFootprint(block.bytes);
    let stuck = !this.started;
    while (stored + incomingBytes > sizeBytes && plan.drops.length < roomAtOnce) {
      const log = this.oldest(logs, true) ?? (whenFull === 'drop-oldest' ? this.oldest(logs, false) : undefined);
      if (!log) {
        stuck = whenFull === 'hold';
        break;
      }
      stored -= this.take(plan, log, log.candidate(this.store)!);
    }
    // What is larger than the room that is left still goes in: the bound is passed by one transaction at most.
    plan.full = stuck && stored >= sizeBytes;
    return plan;
  }

  private planAge(plan: Plan, logs: readonly PartitionLog[], roomAtOnce: number, nowUs: number): void {
    const { retainUs } = this.limits;
    if (retainUs === null) return;
    while (plan.drops.length < roomAtOnce) {
      const log = this.oldest(logs, true);
      const block = log?.candidate(this.store);
      if (!log || !block || block.appendedUs >= nowUs - retainUs) break;
      this.take(plan, log, block);
    }
  }

  /** Plans the oldest block of `log` to go; returns what it takes on disk. */
  private take(plan: Plan, log: PartitionLog, block: BlockKey): number {
    const unread = Math.max(0, Math.min(block.count, block.first + block.count - log.floor));
    plan.drops.push({ log, block, unread });
    log.planned++;
    return blockFootprint(block.bytes);
  }

  private oldest(logs: readonly PartitionLog[], onlyPassed: boolean): PartitionLog | undefined {
    let oldest: PartitionLog | undefined;
    let oldestUs = Number.POSITIVE_INFINITY;
    for (const log of logs) {
      const block = log.candidate(this.store);
      if (!block || block.appendedUs >= oldestUs) continue;
      if (onlyPassed && block.first + block.count > log.floor) continue;
      oldest = log;
      oldestUs = block.appendedUs;
    }
    return oldest;
  }
}
