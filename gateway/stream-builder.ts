import type { Batch } from '../columnar/batch.js';
import {
  CELL_BOOL,
  CELL_NULL,
  CELL_NUMBER,
  CELL_TEXT,
  ColumnBuilder,
  type HeldBytes,
  typeOfNumber,
} from '../columnar/column-builder.js';
import { type ColumnType, field, Schema } from '../columnar/schema.js';
import { sortByTime } from '../columnar/sort-by-time.js';
import { PitwallError } from '../core/errors.js';
import { COLUMNS_MAX } from '../core/limits.js';
import { mergeSchema } from '../schemas/evolution.js';
import { ColumnJournal, type Mark } from './column-journal.js';
import type { RowCells } from './row-cells.js';
import { growthFault, rowsAtOnce, SealedRows } from './sealed-rows.js';

const COLUMN_NAME_LENGTH_MAX = 256;
/** Rough bytes a column costs beside its cells. */
const COLUMN_BYTES = 400;
const STREAM_BYTES = 600;

/** What `appendRow` says of a row it took. */
export const TAKEN = -1;

/**
 * The open rows of one stream, in columns. Types are learned from the cells and kept over `close`:
 *
 * - A whole number within ±(2^53 - 1) makes an `i64` column; any other number (a fraction, a larger one, negative
 *   zero) makes it `f64`, or widens it to that. Open cells go along. Columns that were known as narrower types keep
 *   them while every number is exact in them. Columns with scale or offset widen to `f64` physical values.
 * - A column that has had only nulls is not there yet.
 * - Kinds (number, bool, text) never change: such a row is refused, and leaves no trace.
 *
 * The batch of `close` shares memory with the builder: use it up before the next row is appended.
 */
export class StreamBuilder {
  /** For the decoder: what it remembers of this stream from message to message. Holds for `generation` only. */
  layout: unknown = null;
  /** Changes when columns went away, so that places of columns which were looked up earlier are void. */
  generation = 0;
  /** Why `appendRow` did not take a row. */
  fault: 'type-contradiction' | 'too-many-columns' | 'bad-payload' = 'type-contradiction';
  /** Event time of the row that was appended last, microseconds since 1970; 0 when none is open. */
  lastTimeUs = 0;

  private readonly columns: ColumnBuilder[] = [];
  private readonly places = new Map<string, number>();
  private readonly held: HeldBytes = { bytes: STREAM_BYTES };
  private timeUs = new Float64Array(0);
  private openRows = 0;
  private ascending = true;
  private built: Schema | null;
  private closedSchema: Schema | null;
  private learned: Schema | null = null;
  private sealed: SealedRows | null = null;
  private closes = 0;
  private readonly journal = new ColumnJournal();

  /** `known`: the stream's durable schema, so that what it has learned holds over a restart. */
  constructor(
    readonly stream: string,
    known: Schema | null,
  ) {
    this.built = known;
    this.closedSchema = known;
    for (const f of known?.fields ?? []) this.addColumn(new ColumnBuilder(f, this.held));
  }

  /** Rows that `close` has not given out yet. */
  get rows(): number {
    return this.openRows + (this.sealed === null ? 0 : this.sealed.left);
  }

  /** Memory held, in bytes: room for cells (used or not), texts, and a rough sum for what goes with each column. */
  get bytes(): number {
    return this.held.bytes;
  }

  /** The columns learned so far; the same object while nothing changes. */
  get schema(): Schema {
    if (this.built === null) {
      const built = new Schema(this.columns.map((column) => column.field));
      this.built = built.fingerprint === this.closedSchema?.fingerprint ? this.closedSchema : built;
    }
    return this.built;
  }

  /** The schema is not the one of the last close, nor the known one before it: it has to be stored. */
  get evolved(): boolean {
    return this.schema !== this.closedSchema;
  }

  /** The place of a column for `RowCells.columns`, or -1. */
  placeOf(name: string): number {
    return this.places.get(name) ?? -1;
  }

  /** The type of a column, or null when it is not known. */
  typeOf(name: string): ColumnType | null {
    const place = this.places.get(name);
    return place === undefined ? null : this.columns[place]!.field.type;
  }

  /** Appends a row, whole or not at all. Returns TAKEN, or the cell that it fails on, with `fault` saying why. */
  appendRow(cells: RowCells, timeUs: number): number {
    const { count, kinds } = cells;
    const places = cells.columns;
    let fresh = 0;
    for (let i = 0; i < count; i++) {
      const kind = kinds[i]!;
      if (kind === CELL_NULL) continue;
      let place = places[i]!;
      if (place < 0) {
        place = this.places.get(cells.names[i]!) ?? -1;
        if (place < 0) {
          fresh++;
          continue;
        }
        places[i] = place;
      }
      if (this.columns[place]!.kind !== kind) {
        this.fault = 'type-contradiction';
        return i;
      }
    }
    if (fresh > 0) {
      const failed = this.checkFresh(cells);
      if (failed !== TAKEN) return failed;
    }
    const row = this.openRows;
    if (row === this.timeUs.length) this.growTimes(row + 1);
    for (let i = 0; i < count; i++) {
      const kind = kinds[i]!;
      if (kind === CELL_NULL) continue;
      const column = places[i]! < 0 ? this.freshColumn(cells, i) : this.columns[places[i]!]!;
      if (kind === CELL_NUMBER) {
        const value = cells.numbers[i]!;
        if (!column.fits(value)) this.widen(column, value);
        column.setNumber(row, value);
      } else if (kind === CELL_TEXT) {
        if (column.rememberedAt !== this.journal.span) this.journal.remember(column);
        column.setText(row, cells.texts[i]!);
      } else column.setBool(row, cells.numbers[i]!);
    }
    this.timeUs[row] = timeUs;
    if (timeUs < this.lastTimeUs) this.ascending = false;
    this.lastTimeUs = timeUs;
    this.openRows = row + 1;
    return TAKEN;
  }

  /**
   * Appends `count` rows of numbers by column: column `places[c]` takes `values[starts[c] ..]`, NaN for null. False,
   * with nothing appended, when one of the columns holds no numbers.
   */
  appendNumbers(
    count: number,
    timeUs: Float64Array,
    places: Int32Array,
    values: Float64Array,
    starts: Float64Array,
  ): boolean {
    for (let c = 0; c < places.length; c++) if (this.columns[places[c]!]!.kind !== CELL_NUMBER) return false;
    const row = this.openRows;
    if (row + count > this.timeUs.length) this.growTimes(row + count);
    for (let c = 0; c < places.length; c++) {
      const column = this.columns[places[c]!]!;
      const from = starts[c]!;
      for (let i = from; i < from + count && column.field.type !== 'f64'; i++) {
        const value = values[i]!;
        if (!Number.isNaN(value) && !column.fits(value)) this.widen(column, value);
      }
      column.setNumbers(row, values, from, count);
    }
    let last = this.lastTimeUs;
    for (let i = 0; i < count; i++) {
      const time = timeUs[i]!;
      this.timeUs[row + i] = time;
      if (time < last) this.ascending = false;
      last = time;
    }
    this.lastTimeUs = last;
    this.openRows = row + count;
    return true;
  }

  /**
   * Takes over what is known of the stream from elsewhere, such as a packed batch that passes by the builder. Throws
   * `type-contradiction` or `too-many-columns`, with nothing changed. Free of cost for the schema learned last.
   */
  learn(schema: Schema): void {
    if (schema === this.learned) return;
    const merge = mergeSchema(this.schema, schema);
    if (merge.contradiction !== null) {
      const { column, known, found } = merge.contradiction;
      throw new PitwallError(
        'type-contradiction',
        `column "${column}" of stream "${this.stream}" holds ${known} cells; the batch describes it as ${found}`,
        { stage: 'decode' },
      );
    }
    this.learned = schema;
    if (!merge.changed) return;
    merge.schema.fields.forEach((f, i) => {
      const column = this.columns[i];
      if (column === undefined) this.addColumn(new ColumnBuilder(f, this.held));
      else if (column.field !== f) {
        this.journal.remember(column);
        column.field = f;
      }
    });
    this.built = null;
  }

  /** A point to go back to with `rollback`, until `release` or the next `close`. Marks nest. */
  mark(): Mark {
    return {
      closes: this.closes,
      rows: this.openRows,
      columns: this.columns.length,
      remembered: this.journal.open(),
      ascending: this.ascending,
      lastUs: this.lastTimeUs,
    };
  }

  /** Undoes all rows since the mark, and all that was learned from them. */
  rollback(mark: Mark): void {
    if (mark.closes !== this.closes) {
      throw new PitwallError('internal', `the rows of "${this.stream}" were closed since the mark`, {
        stage: 'decode',
      });
    }
    this.journal.undo(mark.remembered, mark.rows);
    for (const column of this.columns.splice(mark.columns)) {
      this.places.delete(column.field.name);
      column.reset(0, true);
      this.held.bytes -= columnBytes(column);
      this.generation++;
    }
    for (const column of this.columns) column.truncate(mark.rows, column.dictionary.length);
    this.openRows = mark.rows;
    this.ascending = mark.ascending;
    this.lastTimeUs = mark.lastUs;
    this.built = null;
    this.learned = null;
    this.journal.leave();
  }

  /** The rows since the mark stay; it needs to be remembered no longer. */
  release(mark: Mark): void {
    if (mark.closes === this.closes) this.journal.leave();
  }

  /** Why so many rows of one message are too many for this stream, or null. */
  growthFault(rows: number): string | null {
    return rows <= 1 ? null : growthFault(rows, this.stream, this.schema);
  }

  /**
   * The open rows as a batch in time order (equal stamps as they came), or null when there are none. Rows beyond what
   * one record may hold stay for the next call: call until null. The schema is kept for the rows to come.
   */
  close(): Batch | null {
    if (this.sealed !== null) return this.nextPart(this.sealed);
    const rows = this.openRows;
    if (rows === 0) return null;
    const { schema } = this;
    const columns = this.columns.map((column) => column.finish(rows));
    let batch: Batch = { stream: this.stream, schema, rows, timeUs: this.timeUs, columns };
    if (!this.ascending) batch = sortByTime(batch);
    const detach = rows > rowsAtOnce(schema);
    for (const column of this.columns) column.reset(rows, detach);
    if (detach || (this.timeUs.length > 256 && rows * 4 < this.timeUs.length)) {
      this.held.bytes -= this.timeUs.byteLength;
      this.timeUs = new Float64Array(0);
    }
    this.openRows = 0;
    this.ascending = true;
    this.lastTimeUs = 0;
    this.closes++;
    this.journal.clear();
    this.closedSchema = schema;
    return detach ? this.nextPart(new SealedRows(batch)) : batch;
  }

  private nextPart(sealed: SealedRows): Batch {
    const part = sealed.next();
    this.sealed = sealed.left === 0 ? null : sealed;
    return part;
  }

  private addColumn(column: ColumnBuilder): void {
    this.places.set(column.field.name, this.columns.push(column) - 1);
    this.held.bytes += columnBytes(column);
  }

  /** Whether the cells of columns not known yet can make columns, before any of them is made. */
  private checkFresh(cells: RowCells): number {
    const kinds = new Map<string, number>();
    for (let i = 0; i < cells.count; i++) {
      if (cells.kinds[i] === CELL_NULL || cells.columns[i]! >= 0) continue;
      const name = cells.names[i]!;
      const before = kinds.get(name);
      this.fault = 'type-contradiction';
      if (before !== undefined && before !== cells.kinds[i]) return i;
      this.fault = 'bad-payload';
      if (name === '' || name.length > COLUMN_NAME_LENGTH_MAX) return i;
      kinds.set(name, cells.kinds[i]!);
      this.fault = 'too-many-columns';
      if (this.columns.length + kinds.size > COLUMNS_MAX) return i;
    }
    return TAKEN;
  }

  private freshColumn(cells: RowCells, i: number): ColumnBuilder {
    const name = cells.names[i]!;
    let place = this.placeOf(name);
    if (place < 0) {
      const kind = cells.kinds[i]!;
      const type = kind === CELL_TEXT ? 'utf8' : kind === CELL_BOOL ? 'bool' : typeOfNumber(cells.numbers[i]!);
      this.addColumn(new ColumnBuilder(field(name, type), this.held));
      this.built = null;
      place = this.columns.length - 1;
    }
    cells.columns[i] = place;
    return this.columns[place]!;
  }

  private widen(column: ColumnBuilder, value: number): void {
    this.journal.remember(column);
    column.widen(value);
    this.built = null;
  }

  private growTimes(rows: number): void {
    const longer = new Float64Array(Math.max(16, rows, this.timeUs.length * 2));
    longer.set(this.timeUs);
    this.held.bytes += longer.byteLength - this.timeUs.byteLength;
    this.timeUs = longer;
  }
}

function columnBytes(column: ColumnBuilder): number {
  return COLUMN_BYTES + column.field.name.length * 2;
}
