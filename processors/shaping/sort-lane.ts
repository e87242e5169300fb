import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { lowerBound, upperBound } from '../../columnar/kernels/bisect.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import { mergeBatches } from '../outputs.js';
import { TimeQueue } from '../time-queue.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { stepFailed } from '../verbs/step-context.js';
import { HELD_ROWS_MAX } from './grace.js';
import { RowPieces } from './row-pieces.js';
import type { SortRows } from './sort-rows.js';

/**
 * The leading edge of one lane. What waits is exactly what came with a time after `leftUs`, the latest that left: so a
 * piece of rows is needed until its last time has left, and of restored rows those up to `leftUs` are left out.
 */
export class SortLane implements LaneState {
  readonly lateRows = 0;
  private readonly queue: TimeQueue;
  private readonly pieces = new RowPieces();
  private frontierUs = -Infinity;
  private leftUs = -Infinity;
  private changed = false;

  constructor(private readonly sort: SortRows) {
    // Without lateness no row waits for another of its stamp.
    this.queue = new TimeQueue(sort.step.latenessUs === 0 ? 'all' : sort.step.equal);
  }

  add(batch: Batch, emit: Emit): void {
    this.changed = true;
    const { rows, timeUs } = batch;
    const { latenessUs } = this.sort.step;
    const late = lowerBound(timeUs, this.leftUs, 0, rows);
    if (late > 0) emit(this.sort.mark(sliceRows(batch, 0, late), true));
    // Rows of the stamp that left last, and those for which a row late enough has come, wait for nothing.
    const doneUs = Math.max(this.leftUs, this.frontierUs - latenessUs);
    const done = upperBound(timeUs, doneUs, late, rows);
    const leaving: Batch[] = [];
    if (done > late) {
      leaving.push(sliceRows(batch, late, done));
      this.leftUs = timeUs[done - 1]!;
    }
    if (done < rows) this.queue.add(sliceRows(batch, done, rows));
    this.frontierUs = Math.max(this.frontierUs, timeUs[rows - 1]!);
    const kept = upperBound(timeUs, this.frontierUs - latenessUs, done, rows);
    if (kept < rows) this.pieces.add(sliceRows(batch, kept, rows), timeUs[rows - 1]!);
    this.leave([...leaving, ...this.queue.release(-Infinity, this.frontierUs - latenessUs)], emit);
    if (this.queue.rows > HELD_ROWS_MAX) {
      throw stepFailed(
        this.sort.context,
        `sort: ${this.queue.rows} rows of one stream wait, more than ${HELD_ROWS_MAX}; the lateness is too long for its rate`,
      );
    }
  }

  release(clockUs: number, emit: Emit): void {
    this.leave(this.queue.release(-Infinity, clockUs - this.sort.waitUs), emit);
  }

  get dueUs(): number {
    return this.queue.headUs + this.sort.waitUs;
  }

  get heldUs(): number {
    return this.queue.headUs;
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    yield* this.pieces.changes();
    if (this.changed) yield ['lane', serialize([this.frontierUs, this.leftUs])];
    this.changed = false;
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    [this.frontierUs, this.leftUs] = deserialize(saved.get('lane')!) as [number, number];
    for (const batch of this.pieces.restore(saved)) {
      const from = upperBound(batch.timeUs, this.leftUs, 0, batch.rows);
      if (from < batch.rows) this.queue.add(sliceRows(batch, from, batch.rows));
    }
    this.pieces.pass(this.leftUs);
  }

  private leave(batches: Batch[], emit: Emit): void {
    if (batches.length === 0) return;
    this.changed = true;
    this.leftUs = Math.max(this.leftUs, this.queue.releasedUs);
    this.pieces.pass(this.leftUs);
    for (const batch of mergeBatches(batches)) emit(this.sort.mark(batch, false));
  }
}
