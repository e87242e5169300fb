import type { Batch } from '../../columnar/batch.js';
import { lowerBound, upperBound } from '../../columnar/kernels/bisect.js';
import { concatBatches } from '../../columnar/kernels/concat.js';
import { copyRows, sliceRows } from '../../columnar/kernels/slice.js';

interface Slice {
  batch: Batch;
  from: number;
  to: number;
}

/** Left rows of one lane of a join, in time order, equal stamps in the order they came. */
export class LeftQueue {
  /** The latest time that came. */
  frontierUs = -Infinity;
  /** The latest time that was released. */
  releasedUs = -Infinity;
  rows = 0;
  private slices: Slice[] = [];

  /** The time of the first row; Infinity when there is none. */
  get headUs(): number {
    const head = this.slices[0];
    return head === undefined ? Infinity : head.batch.timeUs[head.from]!;
  }

  /** The time of the last row; -Infinity when there is none. */
  get tailUs(): number {
    const last = this.slices.at(-1);
    return last === undefined ? -Infinity : last.batch.timeUs[last.to - 1]!;
  }

  add(batch: Batch): void {
    const last = this.slices.at(-1);
    const next = { batch, from: 0, to: batch.rows };
    if (last === undefined || last.batch.timeUs[last.to - 1]! <= batch.timeUs[0]!) this.slices.push(next);
    else this.slices = merge(this.slices, next);
    this.rows += batch.rows;
    this.frontierUs = Math.max(this.frontierUs, batch.timeUs[batch.rows - 1]!);
  }

  /** Takes out the rows with a time not after `untilUs`. */
  release(untilUs: number): Batch[] {
    const released: Batch[] = [];
    let whole = 0;
    for (const slice of this.slices) {
      const { timeUs } = slice.batch;
      const end = upperBound(timeUs, untilUs, slice.from, slice.to);
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

  /** Drops the oldest rows until no more than so many are left. */
  keepNewest(rows: number): void {
    let drop = this.rows - rows;
    if (drop <= 0) return;
    this.rows = rows;
    while (drop > 0) {
      const head = this.slices[0]!;
      const taken = Math.min(drop, head.to - head.from);
      head.from += taken;
      drop -= taken;
      if (head.from === head.to) this.slices.shift();
    }
  }

  /** All rows that are in it, neighbours of one schema as one batch. */
  batches(): Batch[] {
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

/** Puts the rows of `added` between those of `slices`, after equal stamps. */
function merge(slices: readonly Slice[], added: Slice): Slice[] {
  const out: Slice[] = [];
  const { batch, to } = added;
  let from = added.from;
  for (const slice of slices) {
    let at = slice.from;
    while (from < to && at < slice.to) {
      const until = upperBound(slice.batch.timeUs, batch.timeUs[from]!, at, slice.to);
      if (until > at) out.push({ batch: slice.batch, from: at, to: until });
      at = until;
      if (at === slice.to) break;
      const before = lowerBound(batch.timeUs, slice.batch.timeUs[at]!, from, to);
      out.push({ batch, from, to: before });
      from = before;
    }
    if (at < slice.to) out.push({ batch: slice.batch, from: at, to: slice.to });
  }
  if (from < to) out.push({ batch, from, to });
  return out;
}
