import { GrowingTimes } from '../../core/growing-times.js';
import type { Overwriting } from '../../sinks/auditor.js';
import type { SinkBatch } from '../../sinks/sink.js';

/** Whether the branch has passed a row, has yet to write it, or nobody here knows. */
export type RowState = 'passed' | 'waiting' | 'unknown';

/** What stands on the bus of a stream for a branch, in rows. */
export interface DueRows {
  tags: Readonly<Record<string, string>>;
  /** Times, as the store has them, of rows that the branch has passed, or may have, and that remain in its store. */
  times: GrowingTimes;
  /** All of them it has passed. A stream is in one partition, so that none or all are known. */
  isKnown: boolean;
  /** That it has yet to write. */
  waiting: number;
  /** That the store cannot hold, such as those without a value in InfluxDB. */
  unstorable: number;
  /** Whose place in the store a later row has taken. */
  overwritten: number;
}

/** Which rows remain in a store where some take the place of others; `settle` tells the `DueRows`, once, at the end. */
export interface RemainingRows {
  /** About what it holds in memory beside the `DueRows`. */
  readonly heldBytes: number;
  add(due: DueRows, record: SinkBatch, row: number, isWaiting: boolean): void;
  settle(): void;
}

export function remainingRows(overwriting: Overwriting): RemainingRows {
  const { unitUs } = overwriting;
  return unitUs === null ? new LatestOfIdentity(overwriting) : new OneOfTime(overwriting, unitUs);
}

/** One row of each identity and unit of time. Those that wait change nothing: what they write over has their time. */
class OneOfTime implements RemainingRows {
  private readonly points = new Map<DueRows, Map<string, GrowingTimes>>();
  private rows = 0;

  constructor(
    private readonly overwriting: Overwriting,
    private readonly unitUs: number,
  ) {}

  get heldBytes(): number {
    return 8 * this.rows;
  }

  add(due: DueRows, record: SinkBatch, row: number, isWaiting: boolean): void {
    if (isWaiting) {
      due.waiting++;
      return;
    }
    const timeUs = Math.floor(record.batch.timeUs[row]! / this.unitUs) * this.unitUs;
    const identity = this.overwriting.identity(record, row);
    if (identity === null) {
      due.times.push(timeUs);
      return;
    }
    let ofDue = this.points.get(due);
    if (!ofDue) this.points.set(due, (ofDue = new Map()));
    let times = ofDue.get(identity);
    if (!times) ofDue.set(identity, (times = new GrowingTimes()));
    times.push(timeUs);
    this.rows++;
  }

  settle(): void {
    for (const [due, identities] of this.points) {
      for (const times of identities.values()) {
        const sorted = times.sorted();
        const unique = sorted.filter((time, i) => time !== sorted[i - 1]);
        due.times.add(unique);
        due.overwritten += sorted.length - unique.length;
      }
    }
    this.points.clear();
  }
}

interface Latest {
  due: DueRows;
  timeUs: number;
  isWaiting: boolean;
}

/** Of an object, its key and its place in a map. */
const LATEST_BYTES = 160;

/**
 * The latest row of each identity; of those with the same time, the one that was added last. Where it waits nothing is due
 * of its identity, since it may have been written already, with the branch's position still to follow.
 */
class LatestOfIdentity implements RemainingRows {
  private readonly latest = new Map<string, Latest>();
  heldBytes = 0;

  constructor(private readonly overwriting: Overwriting) {}

  add(due: DueRows, record: SinkBatch, row: number, isWaiting: boolean): void {
    const timeUs = record.batch.timeUs[row]!;
    const identity = this.overwriting.identity(record, row);
    if (identity === null) {
      count({ due, timeUs, isWaiting });
      return;
    }
    const before = this.latest.get(identity);
    if (!before) this.heldBytes += LATEST_BYTES + identity.length;
    if (before && before.timeUs > timeUs) {
      passOver(due, isWaiting);
      return;
    }
    if (before) passOver(before.due, before.isWaiting);
    this.latest.set(identity, { due, timeUs, isWaiting });
  }

  settle(): void {
    for (const each of this.latest.values()) count(each);
    this.latest.clear();
  }
}

function count({ due, timeUs, isWaiting }: Latest): void {
  if (isWaiting) due.waiting++;
  else due.times.push(timeUs);
}

function passOver(due: DueRows, isWaiting: boolean): void {
  if (isWaiting) due.waiting++;
  else due.overwritten++;
}
