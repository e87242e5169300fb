import { type Batch, isNull } from '../../columnar/batch.js';
import { lowerBound, upperBound } from '../../columnar/kernels/bisect.js';
import { concatBatches } from '../../columnar/kernels/concat.js';
import { copyRows, sliceRows } from '../../columnar/kernels/slice.js';
import { GRACE_US } from './grace.js';
import { RowPieces } from './row-pieces.js';

interface Held {
  batch: Batch;
  /** Number of its first row, among all rows of the lane. */
  firstRow: number;
  /** Its rows before this one came out of order: they wait for no value, and theirs are nobody's neighbours. */
  inOrderFrom: number;
}

/** What is known of a column whose nulls wait for the next value. */
interface Track {
  readonly name: string;
  hasValue: boolean;
  /** The last row in order with a value. */
  valueRow: number;
  /** The first row that waits for a value, and its time; Infinity when none does. All in order behind it are null. */
  openRow: number;
  openUs: number;
}

/**
 * The rows of one lane that wait for the next value of some columns, and those behind them, in the order they came.
 * Rows are numbered from 0 in that order.
 */
export class FillHold {
  /** The first row that is held; all from here on are. */
  headRow = 0;
  nextRow = 0;
  private held: Held[] = [];
  private latestUs = -Infinity;
  private readonly tracks: Track[];
  private readonly pieces = new RowPieces();

  constructor(names: readonly string[]) {
    this.tracks = names.map((name) => ({ name, hasValue: false, valueRow: -1, openRow: Infinity, openUs: Infinity }));
  }

  get rows(): number {
    return this.nextRow - this.headRow;
  }

  /** The earliest time of the rows that are held; Infinity when there are none. */
  get heldUs(): number {
    let heldUs = Infinity;
    for (const { batch } of this.held) heldUs = Math.min(heldUs, batch.timeUs[0]!);
    return heldUs;
  }

  /** The clock at which the first row leaves without the value it waits for. */
  get dueUs(): number {
    let openUs = Infinity;
    for (const track of this.tracks) openUs = Math.min(openUs, track.openUs);
    return openUs + GRACE_US;
  }

  add(batch: Batch): void {
    const inOrderFrom = lowerBound(batch.timeUs, this.latestUs, 0, batch.rows);
    for (const track of this.tracks) this.follow(track, batch, inOrderFrom);
    this.held.push({ batch, firstRow: this.nextRow, inOrderFrom });
    this.nextRow += batch.rows;
    this.latestUs = Math.max(this.latestUs, batch.timeUs[batch.rows - 1]!);
  }

  private follow(track: Track, batch: Batch, from: number): void {
    const { rows, timeUs } = batch;
    const at = batch.schema.indexOf(track.name);
    const nulls = at < 0 ? null : batch.columns[at]!.nulls;
    let value = rows - 1;
    if (at < 0) value = -1;
    else while (value >= from && isNull(nulls, value)) value--;
    if (value >= from) {
      track.hasValue = true;
      track.valueRow = this.nextRow + value;
      track.openRow = track.openUs = Infinity;
    }
    const open = Math.max(from, value + 1);
    if (!track.hasValue || open >= rows || track.openRow < Infinity) return;
    track.openRow = this.nextRow + open;
    track.openUs = timeUs[open]!;
  }

  /** Lets go of the rows whose time the clock has passed: they wait no longer. */
  expire(clockUs: number): void {
    let row = Infinity;
    let timeUs = Infinity;
    for (const { batch, firstRow, inOrderFrom } of this.held) {
      const at = upperBound(batch.timeUs, clockUs - GRACE_US, inOrderFrom, batch.rows);
      if (at === batch.rows) continue;
      row = firstRow + at;
      timeUs = batch.timeUs[at]!;
      break;
    }
    for (const track of this.tracks) {
      if (track.openRow >= row || track.openRow === Infinity) continue;
      track.openRow = row;
      track.openUs = timeUs;
    }
  }

  /**
   * Takes out the next rows that wait for nothing, as many as are of one schema and ascend; null when there are none.
   */
  take(): Batch | null {
    const openRow = this.tracks.reduce((row, track) => Math.min(row, track.openRow), this.nextRow);
    const parts: Batch[] = [];
    let whole = 0;
    for (const held of this.held) {
      const { batch, firstRow } = held;
      const count = Math.min(batch.rows, openRow - firstRow);
      const last = parts.at(-1);
      if (count <= 0 || (last && !follows(last, batch))) break;
      parts.push(sliceRows(batch, 0, count));
      this.headRow = firstRow + count;
      if (count < batch.rows) {
        // What is left of a large batch is copied, so that a few rows do not keep all of it.
        const keep = count > batch.rows / 2 ? copyRows : sliceRows;
        held.batch = keep(batch, count, batch.rows);
        held.firstRow = this.headRow;
        held.inOrderFrom = Math.max(0, held.inOrderFrom - count);
        break;
      }
      whole++;
    }
    if (parts.length === 0) return null;
    this.held = this.held.slice(whole);
    this.pieces.pass(this.headRow);
    return concatBatches(parts);
  }

  /** Whether a held row in order has a value of a column, and the first that has: its batch and its place there. */
  valueAfter(name: string): { batch: Batch; row: number } | null {
    const track = this.tracks.find((known) => known.name === name)!;
    if (track.valueRow < this.headRow) return null;
    for (const { batch, inOrderFrom } of this.held) {
      const at = batch.schema.indexOf(name);
      if (at < 0) continue;
      const { nulls } = batch.columns[at]!;
      for (let row = inOrderFrom; row < batch.rows; row++) if (!isNull(nulls, row)) return { batch, row };
    }
    return null;
  }

  /** Notes those of the rows added last that are still held, for `changes`. */
  noteHeld(batch: Batch): void {
    const held = Math.min(batch.rows, this.rows);
    if (held > 0) this.pieces.add(sliceRows(batch, batch.rows - held, batch.rows), this.nextRow);
  }

  changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    return this.pieces.changes();
  }

  /** `latestUs` and `known` columns are those of the rows that have left. */
  restore(
    pieces: ReadonlyMap<string, Uint8Array>,
    headRow: number,
    nextRow: number,
    latestUs: number,
    known: ReadonlySet<string>,
  ): void {
    const kept: Batch[] = [];
    let row = nextRow;
    // The rows of the pieces end at `nextRow` without a hole, as far back as they are needed.
    for (const batch of this.pieces.restore(pieces).reverse()) {
      if (row <= headRow) break;
      const from = Math.max(0, headRow - (row - batch.rows));
      kept.push(sliceRows(batch, from, batch.rows));
      row -= batch.rows;
    }
    this.headRow = this.nextRow = headRow;
    this.latestUs = latestUs;
    for (const track of this.tracks) track.hasValue = known.has(track.name);
    for (const batch of kept.reverse()) this.add(batch);
    this.pieces.pass(headRow);
  }
}

function follows(before: Batch, next: Batch): boolean {
  return (
    before.timeUs[before.rows - 1]! <= next.timeUs[0]! &&
    (before.schema === next.schema || before.schema.fingerprint === next.schema.fingerprint)
  );
}
