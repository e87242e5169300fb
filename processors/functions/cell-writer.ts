import type { CellArray, Column } from '../../columnar/batch.js';
import { bitsOfBytes } from '../../columnar/kernels/bitmap.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { type ColumnType, type Field, field } from '../../columnar/schema.js';
import { CellFault, kindOf, whole, wholeBigInt } from './stored-cell.js';

const ROWS_MIN = 16;

/** What a row's cell is so far. */
const SET = 0;
const NULL = 1;
const UNSAID = 2;

/**
 * The cells of a column that a function gives. A cell that nothing is said of is null. One subclass a kind of cell, so
 * that each writes to one kind of array.
 */
export abstract class CellWriter {
  readonly field: Field;
  protected flags: Uint8Array;

  constructor(
    name: string,
    readonly type: ColumnType,
  ) {
    this.field = field(name, type);
    this.flags = new Uint8Array(ROWS_MIN).fill(UNSAID);
  }

  /** Throws CellFault where the value does not go into the column. */
  set(row: number, value: unknown): void {
    if (row >= this.flags.length) this.grow(row + 1);
    if (value === null) this.flags[row] = NULL;
    else {
      this.write(row, value);
      this.flags[row] = SET;
    }
  }

  isSaid(row: number): boolean {
    return row < this.flags.length && this.flags[row] !== UNSAID;
  }

  /** Forgets the cells from a row on. */
  truncate(row: number): void {
    this.flags.fill(UNSAID, row);
  }

  /** The first rows as a column; the writer begins anew, in memory of its own. */
  take(rows: number): Column {
    if (rows > this.flags.length) this.grow(rows);
    const nulls = bitsOfBytes(this.flags, 0, rows);
    if (this.flags.length > Math.max(ROWS_MIN, rows * 4)) this.flags = new Uint8Array(Math.max(ROWS_MIN, rows));
    this.flags.fill(UNSAID);
    return { values: this.takeValues(rows), nulls, dictionary: this.takeTexts() };
  }

  protected abstract write(row: number, value: unknown): void;
  /** Hands out the cells, and makes as many new ones as there are `flags`. */
  protected abstract takeValues(rows: number): CellArray;
  /** After each growth of `flags`: as many cells. */
  protected abstract growValues(): void;

  protected takeTexts(): string[] | null {
    return null;
  }

  private grow(rows: number): void {
    const flags = new Uint8Array(Math.max(rows, this.flags.length * 2)).fill(UNSAID);
    flags.set(this.flags);
    this.flags = flags;
    this.growValues();
  }
}

export function cellWriter(name: string, type: ColumnType): CellWriter {
  if (type === 'utf8') return new TextWriter(name, type);
  if (type === 'bool') return new BoolWriter(name, type);
  return type === 'i64' ? new LongWriter(name, type) : new NumberWriter(name, type);
}

/** The type of a column whose first value this is; null where no column can hold it. */
export function typeOfValue(value: unknown): ColumnType | null {
  switch (typeof value) {
    case 'number':
      return 'f64';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'utf8';
    case 'bigint':
      return 'i64';
    default:
      return null;
  }
}

/** Holds doubles until `take`, so that writing meets one kind of array. */
class NumberWriter extends CellWriter {
  private values = new Float64Array(ROWS_MIN);
  private readonly isWhole = this.type !== 'f64' && this.type !== 'f32';

  protected write(row: number, value: unknown): void {
    if (typeof value !== 'number') throw new CellFault(`is ${kindOf(value)}, where a number belongs`);
    this.values[row] = this.isWhole ? whole(value, this.type) : value;
  }

  protected takeValues(rows: number): CellArray {
    const { values } = this;
    this.values = new Float64Array(this.flags.length);
    if (this.type === 'f64') return values;
    const cells = newCells(this.type, rows) as Float32Array;
    cells.set(values.subarray(0, rows));
    return cells;
  }

  protected growValues(): void {
    const values = new Float64Array(this.flags.length);
    values.set(this.values);
    this.values = values;
  }
}

class LongWriter extends CellWriter {
  private values = new BigInt64Array(ROWS_MIN);

  protected write(row: number, value: unknown): void {
    if (typeof value === 'bigint') this.values[row] = wholeBigInt(value);
    else if (typeof value === 'number') this.values[row] = BigInt(whole(value, 'i64'));
    else throw new CellFault(`is ${kindOf(value)}, where a whole number belongs`);
  }

  protected takeValues(): CellArray {
    const { values } = this;
    this.values = new BigInt64Array(this.flags.length);
    return values;
  }

  protected growValues(): void {
    const values = new BigInt64Array(this.flags.length);
    values.set(this.values);
    this.values = values;
  }
}

class BoolWriter extends CellWriter {
  private values = new Uint8Array(ROWS_MIN);

  protected write(row: number, value: unknown): void {
    if (typeof value !== 'boolean') throw new CellFault(`is ${kindOf(value)}, where true or false belongs`);
    this.values[row] = value ? 1 : 0;
  }

  protected takeValues(): CellArray {
    const { values } = this;
    this.values = new Uint8Array(this.flags.length);
    return values;
  }

  protected growValues(): void {
    const values = new Uint8Array(this.flags.length);
    values.set(this.values);
    this.values = values;
  }
}

class TextWriter extends CellWriter {
  private values = new Int32Array(ROWS_MIN);
  private texts: string[] = [];
  private readonly places = new Map<string, number>();

  protected write(row: number, value: unknown): void {
    if (typeof value !== 'string') throw new CellFault(`is ${kindOf(value)}, where a text belongs`);
    let place = this.places.get(value);
    if (place === undefined) this.places.set(value, (place = this.texts.push(value) - 1));
    this.values[row] = place;
  }

  protected takeValues(): CellArray {
    const { values } = this;
    this.values = new Int32Array(this.flags.length);
    return values;
  }

  protected override takeTexts(): string[] {
    const { texts } = this;
    this.texts = [];
    this.places.clear();
    return texts;
  }

  protected growValues(): void {
    const values = new Int32Array(this.flags.length);
    values.set(this.values);
    this.values = values;
  }
}
