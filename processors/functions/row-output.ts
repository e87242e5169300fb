import type { Batch, Column } from '../../columnar/batch.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import { takeColumn } from '../../columnar/kernels/take.js';
import { type ColumnType, type Field, Schema } from '../../columnar/schema.js';
import { TIME_US_MAX } from '../../core/limits.js';
import type { Emit } from '../verbs/lane-state.js';
import { type CellWriter, cellWriter, typeOfValue } from './cell-writer.js';
import { cellReader } from './row-cursor.js';
import { CellFault, kindOf } from './stored-cell.js';

/** Columns that a function gives, with their types, in the order they came. */
export type Produced = Map<string, ColumnType>;

/** Thrown to itself: a result has a column that has no type yet. */
class NewColumns extends Error {}

/**
 * Collects what a function makes of the rows of batches of one schema. The rows between a first value of a new column and
 * what was before it leave apart, so that the columns of a row do not depend on how rows came together.
 */
export class RowOutput {
  private writers: CellWriter[] = [];
  private places = new Map<string, number>();
  /** Writers of columns that the input has too, with their place there. */
  private replaced: { writer: CellWriter; column: number }[] = [];
  private outSchema!: Schema;
  /** For each column of the result: one of the input, or a writer. */
  private sources: (number | CellWriter)[] = [];

  private batch!: Batch;
  private readers: ((row: number) => unknown)[] = [];
  private indices = new Int32Array(64);
  private timeUs = new Float64Array(64);
  private rows = 0;
  private isWhole = true;
  /** Rows before which time goes back. */
  private cuts: number[] = [];

  constructor(
    private readonly schema: Schema,
    private readonly produced: Produced,
    private readonly ownTimes: boolean,
  ) {
    this.layOut();
  }

  start(batch: Batch): void {
    this.batch = batch;
    this.read();
  }

  /**
   * What the function gave for a row of the batch. Rows that are complete may leave before. Throws CellFault for what is
   * no result, and keeps nothing of it. True: a column has got its type.
   */
  put(row: number, result: unknown, emit: Emit): boolean {
    if (result === null || result === undefined || result === false) {
      this.isWhole = false;
      return false;
    }
    const before = this.rows;
    const cutsBefore = this.cuts.length;
    try {
      this.putAll(row, result);
      return false;
    } catch (fault) {
      this.truncate(before, cutsBefore);
      if (!(fault instanceof NewColumns)) throw fault;
    }
    this.flush(emit);
    const known = this.produced.size;
    try {
      for (const item of Array.isArray(result) ? result : [result]) this.learn(item);
      this.layOut();
      this.read();
      this.putAll(row, result);
      return true;
    } catch (fault) {
      // A row that fails teaches nothing.
      for (const name of [...this.produced.keys()].slice(known)) this.produced.delete(name);
      this.layOut();
      this.read();
      this.truncate(0, 0);
      throw fault;
    }
  }

  /** Gives what was collected. */
  flush(emit: Emit): void {
    const { rows } = this;
    if (rows > 0) {
      const out = this.collected();
      let from = 0;
      for (const to of [...this.cuts, rows]) {
        if (to > from) emit(sliceRows(out, from, to));
        from = to;
      }
    }
    this.rows = 0;
    this.cuts = [];
    this.isWhole = true;
  }

  /** A row that gives none. */
  skip(): void {
    this.isWhole = false;
  }

  private collected(): Batch {
    const { rows, batch, indices } = this;
    const isWhole = this.isWhole && rows === batch.rows;
    const columns = this.sources.map((source): Column => {
      if (typeof source !== 'number') return source.take(rows);
      const column = batch.columns[source]!;
      return isWhole ? column : takeColumn(column, this.schema.fields[source]!.type, indices, rows);
    });
    let timeUs = isWhole ? batch.timeUs : this.timeUs.slice(0, rows);
    if (this.ownTimes) timeUs = this.timeUs.slice(0, rows);
    return { stream: batch.stream, schema: this.outSchema, rows, timeUs, columns };
  }

  private putAll(row: number, result: unknown): void {
    if (!Array.isArray(result)) this.putOne(row, result);
    else {
      if (result.length !== 1) this.isWhole = false;
      for (const item of result) this.putOne(row, item);
    }
  }

  private putOne(row: number, cells: unknown): void {
    const at = this.rows;
    if (at >= this.indices.length) this.grow();
    let timeUs = this.batch.timeUs[row]!;
    if (typeof cells === 'object' && cells !== null) {
      let isEmpty = true;
      for (const name in cells) {
        isEmpty = false;
        const value = (cells as Record<string, unknown>)[name];
        if (value === undefined) continue;
        const place = this.places.get(name);
        if (place !== undefined) this.set(this.writers[place]!, at, value);
        else if (name === 'timeUs') timeUs = this.ownTime(value, timeUs);
        else if (value !== null || this.schema.indexOf(name) >= 0) throw new NewColumns();
      }
      if (isEmpty && !isPlain(cells)) throw noRow(cells);
    } else if (cells !== true) throw noRow(cells);
    for (let i = 0; i < this.replaced.length; i++) {
      const { writer } = this.replaced[i]!;
      if (!writer.isSaid(at)) this.set(writer, at, this.readers[i]!(row));
    }
    this.indices[at] = row;
    this.timeUs[at] = timeUs;
    if (at !== row) this.isWhole = false;
    if (at > 0 && timeUs < this.timeUs[at - 1]!) this.cuts.push(at);
    this.rows = at + 1;
  }

  private set(writer: CellWriter, row: number, value: unknown): void {
    try {
      writer.set(row, value);
    } catch (fault) {
      if (!(fault instanceof CellFault)) throw fault;
      const { name, type } = writer.field;
      throw new CellFault(
        `column ${name} ${fault.message}; it is ${type}, by the function's columns or its first value in this stream`,
      );
    }
  }

  private ownTime(value: unknown, timeUs: number): number {
    if (value === timeUs) return timeUs;
    if (!this.ownTimes) throw new CellFault('the function changes timeUs; it has to say ownTimes: true for that');
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= TIME_US_MAX) return value;
    throw new CellFault(`timeUs is ${String(value)}, which is no event time in whole microseconds from 1970 to 2200`);
  }

  /** Gives the new columns of a result their types. A null for a column of the input keeps the kind that it has. */
  private learn(cells: unknown): void {
    if (typeof cells !== 'object' || cells === null) return;
    for (const [name, value] of Object.entries(cells)) {
      if (value === undefined || name === 'timeUs' || this.produced.has(name)) continue;
      const known = this.schema.fields[this.schema.indexOf(name)];
      if (value === null && !known) continue;
      const type = value === null ? typeOfField(known!) : typeOfValue(value);
      if (type === null) throw new CellFault(`column ${name} is ${kindOf(value)}, which no column holds`);
      if (name === '') throw new CellFault('a column needs a name');
      this.produced.set(name, type);
    }
  }

  private layOut(): void {
    const fields: Field[] = [...this.schema.fields];
    this.sources = fields.map((_, i) => i);
    this.replaced = [];
    this.places = new Map();
    this.writers = [...this.produced].map(([name, type]) => cellWriter(name, type));
    this.writers.forEach((writer, i) => {
      const { name } = writer.field;
      const column = this.schema.indexOf(name);
      const place = column < 0 ? fields.length : column;
      fields[place] = writer.field;
      this.sources[place] = writer;
      this.places.set(name, i);
      if (column >= 0) this.replaced.push({ writer, column });
    });
    this.outSchema = new Schema(fields);
  }

  private read(): void {
    const { batch } = this;
    this.readers = this.replaced.map(({ column }) => cellReader(this.schema.fields[column]!, batch.columns[column]!));
  }

  private truncate(rows: number, cuts: number): void {
    this.rows = rows;
    this.cuts.length = cuts;
    this.isWhole = false;
    for (const writer of this.writers) writer.truncate(rows);
  }

  private grow(): void {
    const indices = new Int32Array(this.indices.length * 2);
    indices.set(this.indices);
    this.indices = indices;
    const timeUs = new Float64Array(indices.length);
    timeUs.set(this.timeUs);
    this.timeUs = timeUs;
  }
}

function noRow(cells: unknown): CellFault {
  return new CellFault(`the function gave ${kindOf(cells)}; a row is an object with cells, true, or null for none`);
}

/** A promise, a date or a map has no cells to see, and is no row without cells. */
function isPlain(cells: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(cells);
  return prototype === Object.prototype || prototype === null;
}

function typeOfField({ type, scale, offset }: Field): ColumnType {
  return scale === 1 && offset === 0 ? type : 'f64';
}
