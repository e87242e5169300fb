import { basename } from 'node:path';
import { type Batch, bitmapBytes, type Column } from '../../columnar/batch.js';
import { ColumnTyping, numberOf, textOf, truthOf } from '../../columnar/column-typing.js';
import { float64ToInt64 } from '../../columnar/int64.js';
import { type ColumnType, field, Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { type TimeUnit, unitOf } from '../../core/event-time.js';
import { TIME_US_MAX } from '../../core/limits.js';
import type { Outgoing } from '../senders/sender.js';
import { CsvRows } from './csv-rows.js';
import { JsonlRows } from './jsonl-rows.js';
import { recordedTimeUs } from './recorded-time.js';
import type { RecordedCell, RecordedRow, RowSource } from './row.js';
import { textChunks } from './text-chunks.js';

export interface RecordingOptions {
  /** Columns that may hold the time, the first that exists is taken; empty: the usual names, else the first column. */
  timeColumns: readonly string[];
  unit: TimeUnit | null;
  /** The stream's name; `{file}` stands for the file's name without its endings. */
  stream: string;
}

/** A message of a recording and when it is due: the recorded time of its last row, microseconds on the file's clock. */
export interface RecordedMessage {
  message: Outgoing;
  dueUs: number;
}

const TIME_COLUMNS = ['t', 'ts', 'time', 'timestamp', 'timeUs'];
/** Names that mean something else in a JSON payload or frame. */
const TAKEN_NAMES = new Set(['t', 't0', 'dt', 'seq', 'stream']);

/**
 * One recorded file that has been read through once: its columns have types, its clock a beginning and an end. Every
 * column of the file is a column of the stream, the time's too; a name that is taken in a payload gets `recorded_` before it.
 */
export class Recording {
  private constructor(
    private readonly source: RowSource,
    readonly stream: string,
    readonly schema: Schema,
    private readonly timePlace: number,
    private readonly unit: TimeUnit | null,
    /** Rows with a time, and lines that are sent as they stand. */
    readonly rows: number,
    readonly broken: number,
    /** On the file's own clock, microseconds. */
    readonly firstUs: number,
    readonly lastUs: number,
  ) {}

  get path(): string {
    return this.source.path;
  }

  /** The time's name in the file. */
  get timeColumn(): string {
    return this.source.columns[this.timePlace]!;
  }

  static async open(path: string, options: RecordingOptions): Promise<Recording> {
    const source = await sourceOf(path);
    const typings: ColumnTyping[] = [];
    let timePlace = -1;
    let unit: TimeUnit | null = options.unit;
    let rows = 0;
    let broken = 0;
    let firstUs = Number.POSITIVE_INFINITY;
    let lastUs = Number.NEGATIVE_INFINITY;
    for await (const some of source.rows()) {
      for (const row of some) {
        if (timePlace < 0 && !row.isBroken) timePlace = findTime(source, options.timeColumns);
        const timeUs = row.isBroken ? null : recordedTimeUs(row.cells[timePlace], unit);
        if (timeUs === null) {
          broken++;
          continue;
        }
        unit ??= fixedUnit(row.cells[timePlace]);
        while (typings.length < source.columns.length) typings.push(new ColumnTyping(source.isText));
        for (let c = 0; c < source.columns.length; c++) typings[c]!.see(row.cells[c]);
        rows++;
        if (timeUs < firstUs) firstUs = timeUs;
        if (timeUs > lastUs) lastUs = timeUs;
      }
    }
    if (timePlace < 0) timePlace = findTime(source, options.timeColumns);
    if (rows === 0 && broken > 0) {
      const column = source.columns[timePlace];
      throw fault(path, `has no row whose column "${column}" tells a time; name another with --time, or its --unit`);
    }
    const names = uniqueNames(source.columns);
    const schema = new Schema(names.map((name, i) => field(name, typings[i]?.type ?? 'f64')));
    const stream = options.stream.replaceAll('{file}', basename(path).split('.')[0]!);
    return new Recording(source, stream, schema, timePlace, unit, rows, broken, firstUs, lastUs);
  }

  /**
   * The file's messages in its order, of at most `rowsMax` rows each. A message ends where time goes back. Times are
   * moved by `shiftUs`; due times are not.
   */
  async *messages(rowsMax: number, shiftUs: number): AsyncGenerator<RecordedMessage> {
    const { stream } = this;
    let rows: RecordedRow[] = [];
    let times: number[] = [];
    let dueUs = this.firstUs;
    for await (const some of this.source.rows()) {
      for (const row of some) {
        const timeUs = row.isBroken ? null : recordedTimeUs(row.cells[this.timePlace], this.unit);
        const moved = timeUs === null ? -1 : timeUs + shiftUs;
        const isRow = timeUs !== null && moved >= 0 && moved <= TIME_US_MAX;
        const isFull = rows.length >= rowsMax || (isRow && rows.length > 0 && moved < times.at(-1)!);
        if (rows.length > 0 && (isFull || !isRow)) {
          yield { message: { batch: this.batch(rows, times) }, dueUs };
          rows = [];
          times = [];
        }
        if (isRow) {
          rows.push(row);
          times.push(moved);
          dueUs = timeUs;
        } else yield { message: { stream, raw: row.raw }, dueUs };
      }
    }
    if (rows.length > 0) yield { message: { batch: this.batch(rows, times) }, dueUs };
  }

  private batch(rows: readonly RecordedRow[], times: readonly number[]): Batch {
    const columns = this.schema.fields.map((f, c) => columnOf(f.type, rows, c));
    return { stream: this.stream, schema: this.schema, rows: rows.length, timeUs: Float64Array.from(times), columns };
  }
}

async function sourceOf(path: string): Promise<RowSource> {
  for await (const text of textChunks(path)) {
    if (text.trim() !== '') return text.trimStart().startsWith('{') ? new JsonlRows(path) : new CsvRows(path);
  }
  throw fault(path, 'is empty');
}

function findTime(source: RowSource, wanted: readonly string[]): number {
  for (const name of wanted.length > 0 ? wanted : TIME_COLUMNS) {
    const place = source.columns.indexOf(name);
    if (place >= 0) return place;
  }
  if (wanted.length === 0) return 0;
  throw fault(source.path, `has no column ${wanted.join(' or ')}; it has ${source.columns.join(', ')}`);
}

/** The unit of the file's first number holds for all of it, so that a row near a border is not read in another. */
function fixedUnit(cell: RecordedCell | undefined): TimeUnit | null {
  return typeof cell === 'number' || (typeof cell === 'string' && cell.trim() !== '') ? unitOf(Number(cell)) : null;
}

function uniqueNames(columns: readonly string[]): string[] {
  const names = new Set(columns);
  return columns.map((name) => {
    if (!TAKEN_NAMES.has(name)) return name;
    let unique = `recorded_${name}`;
    while (names.has(unique)) unique = `_${unique}`;
    names.add(unique);
    return unique;
  });
}

function columnOf(type: ColumnType, rows: readonly RecordedRow[], c: number): Column {
  const nulls = new Uint8Array(bitmapBytes(rows.length));
  let anyNull = false;
  const setNull = (row: number) => {
    nulls[row >> 3]! |= 1 << (row & 7);
    anyNull = true;
  };
  if (type === 'utf8') {
    const dictionary: string[] = [];
    const places = new Map<string, number>();
    const values = new Int32Array(rows.length);
    rows.forEach(({ cells }, row) => {
      const text = textOf(cells[c]);
      if (text === null) {
        setNull(row);
        return;
      }
      let place = places.get(text);
      if (place === undefined) places.set(text, (place = dictionary.push(text) - 1));
      values[row] = place;
    });
    return { values, nulls: anyNull ? nulls : null, dictionary };
  }
  const values = new Float64Array(rows.length);
  rows.forEach(({ cells }, row) => {
    const value = type === 'bool' ? truthOf(cells[c]) : numberOf(cells[c]);
    if (value === null) setNull(row);
    else values[row] = Number(value);
  });
  return { values: narrowed(type, values), nulls: anyNull ? nulls : null, dictionary: null };
}

function narrowed(type: ColumnType, values: Float64Array): Column['values'] {
  if (type === 'bool') return Uint8Array.from(values);
  if (type !== 'i64') return values;
  const whole = new BigInt64Array(values.length);
  float64ToInt64(values, whole, values.length);
  return whole;
}

function fault(path: string, what: string): PitwallError {
  return new PitwallError('bad-usage', `${path} ${what}`, { stage: 'command' });
}
