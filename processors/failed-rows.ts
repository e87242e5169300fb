import type { Batch } from '../columnar/batch.js';
import { sliceRows } from '../columnar/kernels/slice.js';
import { rowsToJson } from '../columnar/row-json.js';
import { PitwallError } from '../core/errors.js';
import { formatIso } from '../core/event-time.js';

import { type EntityStream, firstUs, type Lane, lastUs } from './entity.js';
import { type Offsets, threadWatch } from './thread-watch.js';

/**
 * What becomes of rows that a step fails for: the partition stops at them, they go to the dead letters, or they are left
 * out. The rest goes on in the latter two.
 */
export type OnError = 'stop' | 'dead-letter' | 'skip';

/** A row that a step failed for. */
export interface FailedRow {
  processor: string;
  step: number;
  /** Entity key. */
  key: string;
  /** Of the row as it came to the step. */
  stream: string;
  /** What went wrong, and at which row. */
  reason: string;
  receivedUs: number;
  /** The row as it came to the step, in the shape a device sends. */
  original: string;
  /**
   * Names the letter: the lane, and its number among those of the step in the lane, from 0. However a crash or a move cuts
   * the work, a row has the same.
   */
  lane: string;
  number: number;
}

/** The records of an evaluation, which keep their parts until it has ended, and the offsets of the first and the last. */
export interface Evaluated extends Offsets {
  streams: readonly EntityStream[];
  receivedUs: number;
}

/** Whether a step cannot work on rows; anything else is a fault of Pitwall, and stops in any case. */
export function isStepFault(cause: unknown): cause is PitwallError {
  return cause instanceof PitwallError && cause.code === 'processor-failed';
}

/** Rows that steps could not work on, by the policy of their processor. */
export class FailedRows {
  /** Left out since the graph was made. */
  skipped = 0;
  private letters: FailedRow[] = [];
  private evaluated: Evaluated = { streams: [], first: Infinity, last: -Infinity, receivedUs: 0 };
  private readonly said = new Set<string>();

  constructor(
    private readonly policies: Readonly<Record<string, OnError>>,
    private readonly warn: (message: string) => void,
  ) {}

  /** What fails from now on comes of these records, or of time. */
  begin(streams: readonly EntityStream[], receivedUs: number): Evaluated {
    let first = Infinity;
    let last = -Infinity;
    // Those of a stream ascend.
    for (const { offsets } of streams) {
      first = Math.min(first, offsets[0]!);
      last = Math.max(last, offsets[offsets.length - 1]!);
    }
    const evaluated = { streams, first, last, receivedUs };
    this.resume(evaluated);
    return evaluated;
  }

  /** Goes on with an evaluation that waited, while others may have gone on. */
  resume(evaluated: Evaluated): void {
    this.evaluated = evaluated;
    threadWatch.records = evaluated.streams.length === 0 ? null : evaluated;
  }

  /**
   * Takes rows `[from, to)` as they came to a step, and what makes the step's fault. Throws where the processor stops.
   */
  refuse(
    processor: string,
    step: number,
    lane: Lane,
    batch: Batch,
    from: number,
    to: number,
    describe: () => unknown,
  ): void {
    const policy = this.policies[processor] ?? 'stop';
    if (policy === 'skip' && this.said.has(`${processor} ${step}`)) {
      this.skipped += to - from;
      return;
    }
    const cause = describe();
    if (!isStepFault(cause)) throw cause;
    const { code, stage, message, retryable } = cause;
    if (policy === 'stop') {
      const what = `${message}; ${this.place(lane, batch, from)}`;
      throw new PitwallError(code, what, { stage, retryable, cause: cause.cause ?? cause });
    }
    this.say(processor, step, policy, `${message}; ${this.place(lane, batch, from)}`);
    if (policy === 'skip') this.skipped += to - from;
    else for (let row = from; row < to; row++) this.letter(processor, step, lane, batch, row, cause);
  }

  /** The dead letters since the last call. */
  take(): FailedRow[] {
    return this.letters.splice(0);
  }

  private letter(processor: string, step: number, lane: Lane, batch: Batch, row: number, cause: PitwallError): void {
    const number = lane.letters.get(step) ?? 0;
    lane.letters.set(step, number + 1);
    const reason = `${cause.message}; ${this.place(lane, batch, row)}`;
    const original = rowsToJson(sliceRows(batch, row, row + 1));
    const { key, id } = lane;
    const { receivedUs } = this.evaluated;
    const stream = batch.stream;
    this.letters.push({ processor, step, key, stream, reason, receivedUs, original, lane: id, number });
  }

  /** Once a step: what follows shows in the metrics. */
  private say(processor: string, step: number, policy: OnError, what: string): void {
    const where = `${processor} ${step}`;
    if (this.said.has(where)) return;
    this.said.add(where);
    const then = policy === 'skip' ? 'are left out' : 'go to the dead letters';
    this.warn(`rows that a step fails for ${then}: ${what}`);
  }

  private place(lane: Lane, batch: Batch, row: number): string {
    const timeUs = batch.timeUs[row]!;
    const offset = this.offsetOf(lane, timeUs);
    const record = offset === null ? 'which time has let go' : `of record ${offset}`;
    return `at the row ${formatIso(timeUs)} (timeUs ${timeUs}) of ${batch.stream}, ${record}`;
  }

  /** The record that has the row, as far as its time tells; behind steps that wait, the one that came last. */
  private offsetOf(lane: Lane, timeUs: number): number | null {
    // What stands before the stream are the nodes that the rows went through.
    const device = lane.id.replace(/^(\d+>)+/, '');
    let last: number | null = null;
    for (const { name: stream, parts, offsets } of this.evaluated.streams) {
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i]!;
        if (stream === device && firstUs(part) <= timeUs && timeUs <= lastUs(part)) return offsets[i]!;
        last = Math.max(last ?? 0, offsets[i]!);
      }
    }
    return last;
  }
}
