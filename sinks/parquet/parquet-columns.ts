import { type Batch, bitmapBytes, type CellArray, type Column } from '../../columnar/batch.js';
import { orBits } from '../../columnar/kernels/bitmap.js';
import { newCells } from '../../columnar/kernels/cells.js';
import type { Field, Schema } from '../../columnar/schema.js';

const FIRST_ROWS = 64;

/** Rows as a file takes them: column by column, cells as their fields say, arrays at least `rows` long. */
export interface ParquetRows {
  readonly rows: number;
  readonly bytes: number;
  readonly schema: Schema;
  readonly timeUs: Float64Array;
  readonly columns: readonly ParquetCells[];
}

export interface ParquetCells {
  readonly field: Field;
  readonly values: CellArray;
  readonly nulls: Uint8Array | null;
  /** Empty but for texts. */
  readonly dictionary: readonly string[];
}

/**
 * The rows of one file to be, column by column, in arrays that grow. `bytes` are those of the rows taken (what rolls a
 * file), `heldBytes` what they occupy.
 */
export class ParquetColumns implements ParquetRows {
  rows = 0;
  bytes = 0;
  readonly columns: GrowingColumn[];
  private times = new Float64Array(0);

  constructor(readonly schema: Schema) {
    this.columns = schema.fields.map((f) => new GrowingColumn(f));
  }

  get timeUs(): Float64Array {
    return this.times;
  }

  get heldBytes(): number {
    let bytes = this.times.byteLength;
    for (const column of this.columns) bytes += column.heldBytes;
    return bytes;
  }

  add(batch: Batch): void {
    const { rows } = batch;
    const end = this.rows + rows;
    if (end > this.times.length) {
      const larger = new Float64Array(roomFor(end, this.times.length));
      larger.set(this.times.subarray(0, this.rows));
      this.times = larger;
    }
    this.times.set(batch.timeUs.subarray(0, rows), this.rows);
    this.bytes += rows * 8;
    for (let c = 0; c < this.columns.length; c++)
      this.bytes += this.columns[c]!.add(batch.columns[c]!, this.rows, rows);
    this.rows = end;
  }
}

class GrowingColumn implements ParquetCells {
  values: CellArray;
  /** A bitmap as in a batch; null while no cell is null. */
  nulls: Uint8Array | null = null;
  readonly dictionary: string[] = [];
  private readonly indices = new Map<string, number>();
  private textBytes = 0;

  constructor(readonly field: Field) {
    this.values = newCells(field.type, 0);
  }

  get heldBytes(): number {
    return this.values.byteLength + (this.nulls?.byteLength ?? 0) + this.textBytes;
  }

  /** Takes `rows` cells as rows `at` and following; returns their bytes. */
  add(column: Column, at: number, rows: number): number {
    if (at + rows > this.values.length) this.grow(at, roomFor(at + rows, this.values.length));
    const before = this.textBytes;
    if (column.dictionary) this.addTexts(column.values as Int32Array, column.dictionary, at, rows);
    else this.values.set(column.values.subarray(0, rows) as never, at);
    if (column.nulls) {
      this.nulls ??= new Uint8Array(bitmapBytes(this.values.length));
      orBits(this.nulls, at, column.nulls, rows);
    }
    return rows * this.values.BYTES_PER_ELEMENT + this.textBytes - before;
  }

  private addTexts(from: Int32Array, dictionary: readonly string[], at: number, rows: number): void {
    const target = this.values as Int32Array;
    const places = dictionary.map((text) => {
      let index = this.indices.get(text);
      if (index === undefined) {
        index = this.dictionary.push(text) - 1;
        this.indices.set(text, index);
        this.textBytes += text.length * 2 + 64;
      }
      return index;
    });
    for (let i = 0; i < rows; i++) target[at + i] = places[from[i]!] ?? 0;
  }

  private grow(rows: number, capacity: number): void {
    const larger = newCells(this.field.type, capacity);
    larger.set(this.values.subarray(0, rows) as never);
    this.values = larger;
    if (!this.nulls) return;
    const nulls = new Uint8Array(bitmapBytes(capacity));
    nulls.set(this.nulls.subarray(0, bitmapBytes(rows)));
    this.nulls = nulls;
  }
}

function roomFor(rows: number, present: number): number {
  return Math.max(rows, present * 2, FIRST_ROWS);
}
