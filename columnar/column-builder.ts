import { bitmapBytes, type CellArray, type Column } from './batch.js';
import { float64ToInt64 } from './int64.js';
import { type ColumnType, type Field, field } from './schema.js';

/** Kinds of a cell; the first three are also the kinds of a column. */
export const CELL_NUMBER = 1;
export const CELL_BOOL = 2;
export const CELL_TEXT = 3;
export const CELL_NULL = 0;

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);
const NO_INDICES = new Int32Array(0);
/** Rows the first growth makes room for. */
const ROWS_MIN = 16;
/** Rough bytes of a text beside its characters: the string, its places in dictionary and map. */
const TEXT_BYTES = 64;

/** The bytes all columns of a stream hold, in one place that is cheap to read. */
export interface HeldBytes {
  bytes: number;
}

/**
 * The open cells of one column. Numbers are held as doubles whatever the type, so that widening moves nothing; they
 * get their type in `finish`. Cells that nobody sets are null: `filled` says up to which row cells stand, and the gap
 * is marked when the next cell comes. The caller checks kinds and calls `widen` where `fits` says no.
 */
export class ColumnBuilder {
  readonly kind: number;
  field: Field;
  filled = 0;
  /** The mark in force when this column was last remembered for a rollback. */
  rememberedAt = 0;
  dictionary: string[] = [];
  private numbers = NO_NUMBERS;
  private flags = NO_BYTES;
  private indices = NO_INDICES;
  private nulls = NO_BYTES;
  private hasNulls = false;
  private readonly places = new Map<string, number>();
  private lastText: string | null = null;
  private lastIndex = 0;
  private textBytes = 0;
  private typed: CellArray | null = null;

  constructor(
    of: Field,
    private readonly held: HeldBytes,
  ) {
    this.field = of;
    this.kind = of.type === 'utf8' ? CELL_TEXT : of.type === 'bool' ? CELL_BOOL : CELL_NUMBER;
  }

  /** True when the number is exact in the column's type, negative zero included. */
  fits(value: number): boolean {
    const { type, scale, offset } = this.field;
    if (type === 'f64') return true;
    if (scale !== 1 || offset !== 0) return false;
    return fitsType(type, value);
  }

  /** The narrowest type that holds `value` and what is there: whole numbers `i64`, else `f64`. */
  widen(value: number): void {
    const { type, scale, offset } = this.field;
    const whole = type !== 'f32' && scale === 1 && offset === 0 && fitsType('i64', value);
    this.field = field(this.field.name, whole ? 'i64' : 'f64');
  }

  setNumber(row: number, value: number): void {
    if (this.filled !== row) this.gap(row);
    if (row >= this.numbers.length) this.grow(row + 1);
    this.numbers[row] = value;
    this.filled = row + 1;
  }

  setBool(row: number, value: number): void {
    if (this.filled !== row) this.gap(row);
    if (row >= this.flags.length) this.grow(row + 1);
    this.flags[row] = value;
    this.filled = row + 1;
  }

  setText(row: number, text: string): void {
    if (this.filled !== row) this.gap(row);
    if (row >= this.indices.length) this.grow(row + 1);
    if (text !== this.lastText) {
      this.lastIndex = this.places.get(text) ?? this.addText(text);
      this.lastText = text;
    }
    this.indices[row] = this.lastIndex;
    this.filled = row + 1;
  }

  /** `count` numbers from `values[from]` on; NaN stands for null. The caller has seen to their type. */
  setNumbers(row: number, values: Float64Array, from: number, count: number): void {
    if (this.filled !== row) this.gap(row);
    if (row + count > this.numbers.length) this.grow(row + count);
    const target = this.numbers;
    for (let i = 0; i < count; i++) {
      const value = values[from + i]!;
      target[row + i] = value;
      if (Number.isNaN(value)) {
        target[row + i] = 0;
        this.setNull(row + i);
      }
    }
    this.filled = row + count;
  }

  /** The first `rows` cells. Shares memory with the builder: valid until its next cell is set. */
  finish(rows: number): Column {
    if (this.filled === 0 && rows > 0) return allNull(this.field.type, rows);
    if (this.filled < rows) this.gap(rows);
    if (this.hasNulls && this.nulls.length < bitmapBytes(rows)) this.growNulls(rows);
    return {
      values: this.cells(rows),
      nulls: this.hasNulls ? this.nulls : null,
      dictionary: this.kind === CELL_TEXT ? this.dictionary : null,
    };
  }

  /** Starts anew. Keeps its memory unless `detach`, or unless the last rows used little of it. */
  reset(rows: number, detach: boolean): void {
    this.filled = 0;
    this.hasNulls = false;
    this.rememberedAt = 0;
    if (this.dictionary.length > 0) {
      this.dictionary = [];
      this.places.clear();
      this.held.bytes -= this.textBytes;
      this.textBytes = 0;
    }
    this.lastText = null;
    if (detach || (this.capacity > 256 && rows * 4 < this.capacity)) this.drop();
  }

  /** Forgets the cells from `rows` on, and texts beyond `texts`. */
  truncate(rows: number, texts: number): void {
    for (const text of this.dictionary.splice(texts)) {
      this.places.delete(text);
      this.countText(text, -1);
    }
    this.lastText = null;
    if (this.filled <= rows) return;
    if (this.hasNulls) {
      for (let i = rows; i < this.filled; i++) this.nulls[i >> 3]! &= ~(1 << (i & 7));
      this.hasNulls = this.nulls.some((byte) => byte !== 0);
    }
    this.filled = rows;
  }

  /** Lets go of all memory. */
  drop(): void {
    this.held.bytes -= this.capacityBytes();
    this.numbers = NO_NUMBERS;
    this.flags = NO_BYTES;
    this.indices = NO_INDICES;
    this.nulls = NO_BYTES;
    this.typed = null;
  }

  private cells(rows: number): CellArray {
    if (this.kind === CELL_TEXT) return this.indices;
    if (this.kind === CELL_BOOL) return this.flags;
    const { type } = this.field;
    if (type === 'f64') return this.numbers;
    if (this.typed === null || this.typed.length < rows || !isCellsOf(this.typed, type)) {
      this.held.bytes -= this.typed?.byteLength ?? 0;
      this.typed = newNumberCells(type, this.numbers.length);
      this.held.bytes += this.typed.byteLength;
    }
    if (this.typed instanceof BigInt64Array) float64ToInt64(this.numbers, this.typed, rows);
    else this.typed.set(this.numbers.subarray(0, rows));
    return this.typed;
  }

  /** Marks the cells from `filled` up to `row` as null. */
  private gap(row: number): void {
    if (this.filled >= row) return;
    if (row > this.capacity) this.grow(row);
    for (let i = this.filled; i < row; i++) this.setNull(i);
    if (this.kind === CELL_NUMBER) this.numbers.fill(0, this.filled, row);
    else if (this.kind === CELL_BOOL) this.flags.fill(0, this.filled, row);
    else this.indices.fill(0, this.filled, row);
    this.filled = row;
  }

  private setNull(row: number): void {
    if (!this.hasNulls) {
      this.nulls.fill(0);
      this.hasNulls = true;
    }
    if (row >> 3 >= this.nulls.length) this.growNulls(row + 1);
    this.nulls[row >> 3]! |= 1 << (row & 7);
  }

  private growNulls(rows: number): void {
    this.held.bytes -= this.nulls.length;
    this.nulls = longer(this.nulls, new Uint8Array(bitmapBytes(Math.max(rows, this.capacity))));
    this.held.bytes += this.nulls.length;
  }

  private get capacity(): number {
    return this.numbers.length + this.flags.length + this.indices.length;
  }

  private addText(text: string): number {
    const index = this.dictionary.push(text) - 1;
    this.places.set(text, index);
    this.countText(text, 1);
    return index;
  }

  private countText(text: string, sign: number): void {
    const bytes = sign * (TEXT_BYTES + text.length * 2);
    this.textBytes += bytes;
    this.held.bytes += bytes;
  }

  private grow(rows: number): void {
    const before = this.capacityBytes();
    const capacity = Math.max(ROWS_MIN, rows, 2 * this.capacity);
    if (this.kind === CELL_NUMBER) this.numbers = longer(this.numbers, new Float64Array(capacity));
    else if (this.kind === CELL_BOOL) this.flags = longer(this.flags, new Uint8Array(capacity));
    else this.indices = longer(this.indices, new Int32Array(capacity));
    this.held.bytes += this.capacityBytes() - before;
  }

  private capacityBytes(): number {
    const cells = this.numbers.byteLength + this.flags.byteLength + this.indices.byteLength;
    return cells + this.nulls.byteLength + (this.typed?.byteLength ?? 0);
  }
}

function longer<T extends Float64Array | Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function fitsType(type: ColumnType, value: number): boolean {
  if (type === 'f64') return true;
  if (type === 'f32') return Math.fround(value) === value;
  if (!Number.isSafeInteger(value) || (value === 0 && 1 / value < 0)) return false;
  if (type === 'i64') return true;
  if (type === 'i32') return value === (value | 0);
  if (type === 'i16') return value >= -32768 && value <= 32767;
  return value >= 0 && value <= 255;
}

/** The type of a column whose first number this is: `i64` for a whole number within ±(2^53 - 1), else `f64`. */
export function typeOfNumber(value: number): ColumnType {
  return fitsType('i64', value) ? 'i64' : 'f64';
}

function isCellsOf(cells: CellArray, type: ColumnType): boolean {
  return cells.constructor === NUMBER_CELLS[type];
}

const NUMBER_CELLS: Partial<Record<ColumnType, new (length: number) => CellArray>> = {
  f64: Float64Array,
  f32: Float32Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  u8: Uint8Array,
};

function newNumberCells(type: ColumnType, length: number): CellArray {
  return new NUMBER_CELLS[type]!(length);
}

function allNull(type: ColumnType, rows: number): Column {
  const nulls = new Uint8Array(bitmapBytes(rows)).fill(0xff);
  if ((rows & 7) !== 0) nulls[nulls.length - 1] = (1 << (rows & 7)) - 1;
  const values =
    type === 'utf8' ? new Int32Array(rows) : type === 'bool' ? new Uint8Array(rows) : newNumberCells(type, rows);
  return { values, nulls, dictionary: type === 'utf8' ? [] : null };
}
