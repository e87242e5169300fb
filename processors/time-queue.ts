import type { Batch } from '../columnar/batch.js';
import { lowerBound, upperBound } from '../columnar/kernels/bisect.js';
import { concatBatches } from '../columnar/kernels/concat.js';
import { copyRows, sliceRows } from '../columnar/kernels/slice.js';
import { takeRows } from '../columnar/kernels/take.js';

interface Slice {
  batch: Batch;
  from: number;
  to: number;
}

/**
 * Rows of one lane that wait to be released, in time order, equal stamps in the order they came. With `equal` `last` a
 * row takes the place of those of its stamp that wait.
 */
export class TimeQueue {
  /** The latest time that came. */
  frontierUs = -Infinity;
  /** The latest time that was released. */
  releasedUs = -Infinity;
  rows = 0;
  private slices: Slice[] = [];

  constructor(private readonly equal: 'all' | 'last' = 'all') {}

  /** The time of the first row that waits; Infinity when none does. */
  get headUs(): number {
    const head = this.slices[0];
    return head === undefined ? Infinity : head.batch.timeUs[head.from]!;
  }

  add(batch: Batch): void {
    this.frontierUs = Math.max(this.frontierUs, batch.timeUs[batch.rows - 1]!);
    const added = this.equal === 'all' ? batch : lastOfEqual(batch);
    this.insert({ batch: added, from: 0, to: added.rows });
  }

  /** Touches only the slices that end behind the first new row. */
  private insert(added: Slice): void {
    const firstUs = added.batch.timeUs[0]!;
    let at = this.slices.length;
    while (at > 0 && this.isBehind(this.slices[at - 1]!, firstUs)) at--;
    if (at === this.slices.length) {
      this.slices.push(added);
      this.rows += added.to;
      return;
    }
    const behind = this.slices.splice(at);
    const merged = merge(behind, added, this.equal);
    for (const slice of merged) this.slices.push(slice);
    this.rows += countRows(merged) - countRows(behind);
  }

  private isBehind({ batch, to }: Slice, timeUs: number): boolean {
    const lastUs = batch.timeUs[to - 1]!;
    return lastUs > timeUs || (lastUs === timeUs && this.equal === 'last');
  }

  /** Takes out the rows with a time before `settledUs`, or not after `expiredUs`. */
  release(settledUs: number, expiredUs: number): Batch[] {
    const released: Batch[] = [];
    let whole = 0;
    for (const slice of this.slices) {
      const { timeUs } = slice.batch;
      const settled = lowerBound(timeUs, settledUs, slice.from, slice.to);
      const end = Math.max(settled, upperBound(timeUs, expiredUs, slice.from, slice.to));
      if (end > slice.from) {
        released.push(sliceRows(slice.batch, slice.from, end));
        this.rows -= end - slice.from;
        this.releasedUs = Math.max(this.releasedUs, timeUs[end - 1]!);
      }
      slice.from = end;
      if (end < slice.to) break;
      whole++;
    }
    if (whole > 0) this.slices = this.slices.slice(whole);
    // What is left of a large batch is copied, so that a few waiting rows do not keep all of it.
    const head = this.slices[0];
    if (head !== undefined && head.to - head.from < head.batch.rows / 2) {
      this.slices[0] = { batch: copyRows(head.batch, head.from, head.to), from: 0, to: head.to - head.from };
    }
    return released;
  }

  /** All waiting rows, neighbours of one schema as one batch. */
  waiting(): Batch[] {
    const out: Batch[] = [];
    let same: Batch[] = [];
    for (const { batch, from, to } of this.slices) {
      if (same.length > 0 && same[0]!.schema.fingerprint !== batch.schema.fingerprint) {
        out.push(concatBatches(same));
        same = [];
      }
      same.push(sliceRows(batch, from, to));
    }
    if (same.length > 0) out.push(concatBatches(same));
    return out;
  }
}

/** Puts the rows of `added` between those of `slices`, after equal stamps or in their place. */
function merge(slices: readonly Slice[], added: Slice, equal: 'all' | 'last'): Slice[] {
  const out: Slice[] = [];
  const { batch, to } = added;
  let from = added.from;
  for (const slice of slices) {
    const { timeUs } = slice.batch;
    let at = slice.from;
    while (from < to && at < slice.to) {
      const nextUs = batch.timeUs[from]!;
      const behind = upperBound(timeUs, nextUs, at, slice.to);
      const until = equal === 'all' ? behind : lowerBound(timeUs, nextUs, at, behind);
      if (until > at) out.push({ batch: slice.batch, from: at, to: until });
      at = behind;
      if (at === slice.to) break;
      const before = lowerBound(batch.timeUs, timeUs[at]!, from, to);
      out.push({ batch, from, to: before });
      from = before;
    }
    if (at < slice.to) out.push({ batch: slice.batch, from: at, to: slice.to });
  }
  if (from < to) out.push({ batch, from, to });
  return out;
}

/** The batch with only the last row of each stamp. */
function lastOfEqual(batch: Batch): Batch {
  const { rows, timeUs } = batch;
  const indices = new Int32Array(rows);
  let kept = 0;
  for (let i = 0; i < rows; i++) {
    indices[kept] = i;
    if (i + 1 === rows || timeUs[i + 1]! > timeUs[i]!) kept++;
  }
  return kept === rows ? batch : takeRows(batch, indices, kept);
}

function countRows(slices: readonly Slice[]): number {
  return slices.reduce((rows, { from, to }) => rows + to - from, 0);
}
