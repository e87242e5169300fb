import { type Batch, type CellArray, type Column, isNull } from '../../columnar/batch.js';
import { upperBound } from '../../columnar/kernels/bisect.js';
import { bitsOfBytes } from '../../columnar/kernels/bitmap.js';
import { copyCells, newCells } from '../../columnar/kernels/cells.js';
import { convertCells, sameCells } from '../../columnar/kernels/convert.js';
import { compactDictionary, DictionaryMerger } from '../../columnar/kernels/dictionary.js';
import { takeCells } from '../../columnar/kernels/take.js';
import { type Field, Schema } from '../../columnar/schema.js';
import { COLUMNS_MAX } from '../../core/limits.js';
import { mergeFields } from './merge-fields.js';

/** A column of right rows; the live cells are those of the buffer's `[head, tail)`. */
export interface RightColumn {
  values: CellArray;
  /** One byte a row, 1 for null; null when no row has had one. */
  nullBytes: Uint8Array | null;
  texts: DictionaryMerger | null;
}

export interface RightBufferOptions {
  /** Whether a column's numbers are kept as the f64 they stand for, to be interpolated. */
  isPhysical(name: string): boolean;
  /**
   * Whether a null cell of a column stands for the last cell before it that is not null, however long ago: rows that are
   * dropped leave their last cell behind.
   */
  isHeld(name: string): boolean;
  /** Whether to note which rows are fresh. */
  marksFresh: boolean;
}

const ROWS_FIRST = 64;

/**
 * The right rows of a join that a left row may still meet, in time order, equal stamps in the order they came. Columns
 * are the union of those that came.
 */
export class RightBuffer {
  timeUs = new Float64Array(ROWS_FIRST);
  head = 0;
  tail = 0;
  schema: Schema | null = null;
  columns: RightColumn[] = [];
  /** The latest time that ever came, also of rows dropped since; -Infinity before the first. */
  frontierUs = -Infinity;
  /** A byte a row, 1 for rows that came since `forgetFresh`; null when that is not asked for. */
  fresh: Uint8Array | null;

  private widenedBy: Schema | null = null;
  /** Rows before it are not fresh. */
  private freshFrom = 0;
  private freshUs = Infinity;

  constructor(private readonly options: RightBufferOptions) {
    this.fresh = options.marksFresh ? new Uint8Array(ROWS_FIRST) : null;
  }

  get rows(): number {
    return this.tail - this.head;
  }

  /** The earliest time of the fresh rows; Infinity when there are none. */
  get earliestFreshUs(): number {
    return this.freshUs;
  }

  forgetFresh(): void {
    this.fresh?.fill(0, this.freshFrom, this.tail);
    this.freshFrom = this.tail;
    this.freshUs = Infinity;
  }

  /** Adds rows where they belong. Throws an Error when a column contradicts what came before. */
  add(batch: Batch): void {
    if (batch.schema !== this.widenedBy) this.widen(batch.schema);
    this.insert(batch);
  }

  private insert(batch: Batch): void {
    this.reserve(batch.rows);
    const { rows, timeUs } = batch;
    const inOrder = this.rows === 0 || timeUs[0]! >= this.timeUs[this.tail - 1]!;
    this.timeUs.set(timeUs.subarray(0, rows), this.tail);
    for (let c = 0; c < this.columns.length; c++) this.append(batch, c);
    const end = this.tail;
    this.tail += rows;
    const start = inOrder ? end : upperBound(this.timeUs, timeUs[0]!, this.head, end);
    if (this.fresh) {
      this.fresh.fill(1, end, this.tail);
      this.freshFrom = Math.min(this.freshFrom, start);
      this.freshUs = Math.min(this.freshUs, timeUs[0]!);
    }
    if (!inOrder) this.sortFrom(start, end);
    if (timeUs[rows - 1]! > this.frontierUs) this.frontierUs = timeUs[rows - 1]!;
  }

  /** The time of the last row that is kept at or before a time; -Infinity when there is none. */
  lastUs(timeUs: number): number {
    const last = upperBound(this.timeUs, timeUs, this.head, this.tail) - 1;
    return last < this.head ? -Infinity : this.timeUs[last]!;
  }

  /** Drops what is before the last row at or before `timeUs`, which later rows may still look back to. */
  dropBefore(timeUs: number): void {
    const last = upperBound(this.timeUs, timeUs, this.head, this.tail) - 1;
    if (last > this.head) this.moveHead(last);
  }

  /** Keeps the newest rows only. */
  keepNewest(rows: number): void {
    if (this.rows > rows) this.moveHead(this.tail - rows);
  }

  private moveHead(to: number): void {
    this.columns.forEach((column, c) => {
      if (column.nullBytes && this.options.isHeld(this.schema!.fields[c]!.name)) holdAt(column, this.head, to);
    });
    this.head = to;
    this.freshFrom = Math.max(this.freshFrom, to);
  }

  /** The live rows as a batch of their own, with the fields as kept. */
  snapshot(): Batch | null {
    if (this.schema === null) return null;
    const { head, tail, rows } = this;
    const columns = this.columns.map((column): Column => {
      const nulls = column.nullBytes && bitsOfBytes(column.nullBytes, head, rows);
      const values = column.values.slice(head, tail);
      return column.texts
        ? compactDictionary({ values, nulls, dictionary: column.texts.texts }, rows)
        : { values, nulls, dictionary: null };
    });
    const schema = new Schema(this.schema.fields.map((f) => this.stored(f)));
    return { stream: '', schema, rows, timeUs: this.timeUs.slice(head, tail), columns };
  }

  /** How a field's cells are kept. */
  private stored(f: Field): Field {
    const isNumber = f.type !== 'bool' && f.type !== 'utf8';
    return isNumber && this.options.isPhysical(f.name) ? { ...f, type: 'f64', scale: 1, offset: 0 } : f;
  }

  /** Brings back what `snapshot` gave, into an empty buffer, with the fields the rows had when they came. */
  restore(fields: readonly Field[], batch: Batch, frontierUs: number): void {
    this.widen(new Schema(fields));
    if (batch.rows > 0) this.insert(batch);
    this.frontierUs = frontierUs;
    this.forgetFresh();
  }

  private widen(schema: Schema): void {
    this.widenedBy = schema;
    const before = this.schema;
    if (before?.fingerprint === schema.fingerprint) return;
    const fields = [...(before?.fields ?? [])];
    for (const f of schema.fields) {
      const at = before?.indexOf(f.name) ?? -1;
      if (at < 0) fields.push(f);
      else fields[at] = mergeFields(fields[at]!, f);
    }
    if (fields.length > COLUMNS_MAX) throw new Error(`its right streams have more than ${COLUMNS_MAX} columns`);
    const next = before === null ? schema : new Schema(fields);
    if (before?.fingerprint === next.fingerprint) return;
    this.columns = fields.map((f, c) => this.widenColumn(this.columns[c], before?.fields[c], f));
    this.schema = next;
  }

  private widenColumn(column: RightColumn | undefined, before: Field | undefined, after: Field): RightColumn {
    const capacity = this.timeUs.length;
    const { type } = this.stored(after);
    if (column === undefined) {
      const nullBytes = this.tail > this.head ? new Uint8Array(capacity).fill(1) : null;
      return { values: newCells(type, capacity), nullBytes, texts: type === 'utf8' ? new DictionaryMerger() : null };
    }
    const from = this.stored(before!);
    const to = this.stored(after);
    if (sameCells(from, to)) return column;
    const values = newCells(type, capacity);
    convertCells(column.values, 0, from, values, 0, to, this.tail);
    return { values, nullBytes: column.nullBytes, texts: column.texts };
  }

  private append(batch: Batch, index: number): void {
    const column = this.columns[index]!;
    const own = this.schema!.fields[index]!;
    const at = batch.schema === this.schema ? index : batch.schema.indexOf(own.name);
    const { rows } = batch;
    if (at < 0) {
      this.nullBytesOf(column).fill(1, this.tail, this.tail + rows);
      return;
    }
    const source = batch.columns[at]!;
    if (column.texts) {
      const moved = column.texts.move(source.dictionary!);
      const from = source.values as Int32Array;
      const to = column.values as Int32Array;
      for (let i = 0; i < rows; i++) to[this.tail + i] = moved[from[i]!]!;
    } else {
      convertCells(source.values, 0, batch.schema.fields[at]!, column.values, this.tail, this.stored(own), rows);
    }
    if (source.nulls) {
      const bytes = this.nullBytesOf(column);
      for (let i = 0; i < rows; i++) bytes[this.tail + i] = isNull(source.nulls, i) ? 1 : 0;
    } else column.nullBytes?.fill(0, this.tail, this.tail + rows);
  }

  private nullBytesOf(column: RightColumn): Uint8Array {
    column.nullBytes ??= new Uint8Array(this.timeUs.length);
    return column.nullBytes;
  }

  /** Makes room for more rows behind the tail: by moving the live rows to the front of arrays twice as long as needed. */
  private reserve(more: number): void {
    if (this.tail + more <= this.timeUs.length) return;
    const { head, tail, rows } = this;
    let capacity = ROWS_FIRST;
    while (rows + more > capacity / 2) capacity *= 2;
    const timeUs = new Float64Array(capacity);
    timeUs.set(this.timeUs.subarray(head, tail));
    this.timeUs = timeUs;
    this.columns.forEach((column, c) => {
      const values = newCells(this.stored(this.schema!.fields[c]!).type, capacity);
      copyCells(values, 0, column.values, head, rows);
      column.values = values;
      column.nullBytes &&= moved(column.nullBytes, head, tail, capacity);
    });
    this.fresh &&= moved(this.fresh, head, tail, capacity);
    this.freshFrom -= head;
    this.head = 0;
    this.tail = rows;
    for (const column of this.columns) if (column.texts) this.compactTexts(column);
  }

  /** Forgets texts that only dropped rows used, so that ever new texts do not fill the memory. */
  private compactTexts(column: RightColumn): void {
    if (column.texts!.texts.length <= 2 * this.rows + ROWS_FIRST) return;
    const live: Column = { values: column.values, nulls: null, dictionary: column.texts!.texts };
    const { values, dictionary } = compactDictionary(live, this.tail);
    (column.values as Int32Array).set(values as Int32Array);
    column.texts = new DictionaryMerger();
    column.texts.move(dictionary!);
  }

  /** Merges the rows appended at `middle` into those of `[from, middle)`, each part being in order. */
  private sortFrom(from: number, middle: number): void {
    const count = this.tail - from;
    const order = new Int32Array(count);
    for (let i = 0, a = from, b = middle; i < count; i++) {
      const first = b === this.tail || (a < middle && this.timeUs[a]! <= this.timeUs[b]!);
      order[i] = first ? a++ : b++;
    }
    this.timeUs.set(takeCells('f64', this.timeUs, order, count) as Float64Array, from);
    this.fresh?.set(takeCells('u8', this.fresh, order, count) as Uint8Array, from);
    this.columns.forEach((column, c) => {
      const { type } = this.stored(this.schema!.fields[c]!);
      copyCells(column.values, from, takeCells(type, column.values, order, count), 0, count);
      if (column.nullBytes) column.nullBytes.set(takeCells('u8', column.nullBytes, order, count) as Uint8Array, from);
    });
  }
}

function moved(bytes: Uint8Array, head: number, tail: number, capacity: number): Uint8Array {
  const out = new Uint8Array(capacity);
  out.set(bytes.subarray(head, tail));
  return out;
}

/** Puts the last cell of `[from, to]` that is not null at `to`. */
function holdAt({ values, nullBytes }: RightColumn, from: number, to: number): void {
  let last = to;
  while (last > from && nullBytes![last] !== 0) last--;
  if (last === to || nullBytes![last] !== 0) return;
  values[to] = values[last]!;
  nullBytes![to] = 0;
}
