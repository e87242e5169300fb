import type { Batch } from '../../columnar/batch.js';
import { lowerBound, upperBound } from '../../columnar/kernels/bisect.js';
import { concatBatches } from '../../columnar/kernels/concat.js';
import { copyRows, sliceRows } from '../../columnar/kernels/slice.js';
import { packRows, unpackRows } from '../joining/packed-rows.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';

/** Rows a lane may hold until its watermark passes them: nearly three hours of 100 Hz. More is a `grace` by mistake. */
export const HELD_ROWS_MAX = 1 << 20;
const PIECE = 'held-';

interface Slice {
  batch: Batch;
  from: number;
  to: number;
}

/** Rows of a lane that wait for its watermark, in time order, equal stamps in the order they came. */
export class HeldRows {
  rows = 0;
  private slices: Slice[] = [];
  /** Rows before this time have left. */
  private releasedUs = -Infinity;
  /** Batches that came since the last checkpoint, in their order, and the pieces of those before. */
  private unsaved: Batch[] = [];
  private saved: { name: string; lastUs: number }[] = [];
  private pieces = 0;

  constructor(private readonly context: StepContext) {}

  /** The time of the first row; Infinity when there is none. */
  get headUs(): number {
    const head = this.slices[0];
    return head === undefined ? Infinity : head.batch.timeUs[head.from]!;
  }

  add(batch: Batch): void {
    this.unsaved.push(batch);
    this.insert(batch);
    if (this.rows > HELD_ROWS_MAX) {
      throw stepFailed(
        this.context,
        `window: ${this.rows} rows of ${batch.stream} wait for their order, more than ${HELD_ROWS_MAX}; the grace is too long for the rate`,
      );
    }
  }

  /** Takes out the rows before a time. */
  release(beforeUs: number): Batch[] {
    this.releasedUs = Math.max(this.releasedUs, beforeUs);
    const released: Batch[] = [];
    let whole = 0;
    for (const slice of this.slices) {
      const end = lowerBound(slice.batch.timeUs, beforeUs, slice.from, slice.to);
      if (end > slice.from) released.push(sliceRows(slice.batch, slice.from, end));
      this.rows -= end - slice.from;
      slice.from = end;
      if (end < slice.to) break;
      whole++;
    }
    if (whole > 0) this.slices.splice(0, whole);
    // What is left of a large batch is copied, so that a few rows do not keep all of it.
    const head = this.slices[0];
    if (head !== undefined && head.to - head.from < head.batch.rows / 2) {
      this.slices[0] = { batch: copyRows(head.batch, head.from, head.to), from: 0, to: head.to - head.from };
    }
    let left = 0;
    while (left < this.unsaved.length && lastUs(this.unsaved[left]!) < beforeUs) left++;
    if (left > 0) this.unsaved.splice(0, left);
    return released;
  }

  /** The rows from `fromUs` (incl.) to `toUs` (excl.), as they lie. */
  *between(fromUs: number, toUs: number): Iterable<Batch> {
    for (const { batch, from, to } of this.slices) {
      const start = lowerBound(batch.timeUs, fromUs, from, to);
      const end = lowerBound(batch.timeUs, toUs, start, to);
      if (end > start) yield sliceRows(batch, start, end);
    }
  }

  /** The first time of a row after a time; Infinity when there is none. */
  firstAfterUs(timeUs: number): number {
    for (const { batch, from, to } of this.slices) {
      const at = upperBound(batch.timeUs, timeUs, from, to);
      if (at < to) return batch.timeUs[at]!;
    }
    return Infinity;
  }

  /** Pieces hold rows in the order they came, and go when the last of their rows has left. */
  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    const gone = this.saved.filter((piece) => piece.lastUs < this.releasedUs);
    if (gone.length > 0) this.saved = this.saved.filter((piece) => piece.lastUs >= this.releasedUs);
    for (const { name } of gone) yield [name, null];
    let same: Batch[] = [];
    const unsaved = this.unsaved;
    this.unsaved = [];
    for (const [i, batch] of unsaved.entries()) {
      const from = lowerBound(batch.timeUs, this.releasedUs, 0, batch.rows);
      if (from < batch.rows) same.push(sliceRows(batch, from, batch.rows));
      const next = unsaved[i + 1];
      const together =
        next !== undefined && next.timeUs[0]! >= lastUs(batch) && next.schema.fingerprint === batch.schema.fingerprint;
      if (together || same.length === 0) continue;
      const rows = concatBatches(same);
      const name = PIECE + this.pieces++;
      this.saved.push({ name, lastUs: lastUs(rows) });
      yield [name, packRows(rows)];
      same = [];
    }
  }

  /** Takes back what `changes` gave; the rows before `releasedUs` had left. */
  restore(pieces: ReadonlyMap<string, Uint8Array>, releasedUs: number): void {
    this.releasedUs = releasedUs;
    const numbers = [...pieces.keys()]
      .filter((name) => name.startsWith(PIECE))
      .map((name) => +name.slice(PIECE.length));
    for (const number of numbers.sort((a, b) => a - b)) {
      const name = PIECE + number;
      const batch = unpackRows(pieces.get(name)!);
      this.saved.push({ name, lastUs: lastUs(batch) });
      this.pieces = number + 1;
      const from = lowerBound(batch.timeUs, releasedUs, 0, batch.rows);
      if (from < batch.rows) this.insert(sliceRows(batch, from, batch.rows));
    }
  }

  private insert(batch: Batch): void {
    this.rows += batch.rows;
    const added = { batch, from: 0, to: batch.rows };
    const firstUs = batch.timeUs[0]!;
    let keep = this.slices.length;
    while (keep > 0 && endUs(this.slices[keep - 1]!) > firstUs) keep--;
    if (keep === this.slices.length) this.slices.push(added);
    else this.slices.push(...mergeSlices(this.slices.splice(keep), added));
  }
}

function endUs({ batch, to }: Slice): number {
  return batch.timeUs[to - 1]!;
}

function lastUs(batch: Batch): number {
  return batch.timeUs[batch.rows - 1]!;
}

/** Puts the rows of `added` between those of `slices`, after equal stamps. */
function mergeSlices(slices: readonly Slice[], added: Slice): Slice[] {
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
