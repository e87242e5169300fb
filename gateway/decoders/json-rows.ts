import { CELL_BOOL, CELL_NUMBER } from '../../columnar/column-builder.js';
import { type ErrorCode, PitwallError } from '../../core/errors.js';
import {
  epochUs,
  formatIso,
  isoUs,
  TIME_FIELDS,
  TIME_IS_RECEIVED,
  type TimeUnit,
  toUs,
  unitOf,
} from '../../core/event-time.js';
import { PAYLOAD_BYTES_MAX } from '../../core/limits.js';
import { RowCells } from '../row-cells.js';
import { type StreamBuilder, TAKEN } from '../stream-builder.js';
import type { DecodeContext, RowRefusal } from './decoder.js';
import { jsonText, shortText } from './json-text.js';
import {
  cellOf,
  checkDepth,
  checkNested,
  gatherLeaves,
  hasList,
  isObject,
  type JsonObject,
  type Leaf,
  lookUp,
} from './json-tree.js';

/** How a message was read, for who wants to read the next one faster. */
export type JsonShape = 'row' | 'rows' | 'even' | 'columns';

/** A message with more refused rows than this, or more bytes of them, is one dead letter instead of very many. */
const REFUSED_ROWS_MAX = 10_000;
const REFUSED_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX;
const NO_KEYS: readonly string[] = [];

/**
 * Appends the rows of a parsed JSON message to a builder: the shapes, times and refusals of docs/devices-json.md. One
 * instance serves one message at a time.
 */
export class JsonRows {
  shape: JsonShape = 'row';
  private readonly cells = new RowCells();
  private readonly refusals: RowRefusal[] = [];
  private refusedBytes = 0;
  private builder!: StreamBuilder;
  private context!: DecodeContext;
  private ignored: readonly string[] = NO_KEYS;
  private timeNames: readonly string[] = TIME_FIELDS;

  /**
   * Returns the rows appended. Throws a PitwallError when the message as a whole makes no sense; nothing is appended
   * then, and no row refused. `ignored` keys of the outermost object are no columns; where there are any, the object
   * is a frame and may hold its rows in `rows`.
   */
  append(value: unknown, builder: StreamBuilder, context: DecodeContext, ignored: readonly string[] = NO_KEYS): number {
    this.builder = builder;
    this.context = context;
    this.ignored = ignored;
    this.timeNames = context.time === null ? TIME_FIELDS : [context.time.field];
    this.refusals.length = 0;
    this.refusedBytes = 0;
    const mark = builder.mark();
    let taken: number;
    try {
      taken = this.appendShape(value);
      const fault = builder.growthFault(taken);
      if (fault !== null) throw refuse('payload-too-large', fault);
    } catch (error) {
      builder.rollback(mark);
      throw error;
    }
    builder.release(mark);
    for (const refusal of this.refusals) context.refuseRow(refusal);
    this.refusals.length = 0;
    return taken;
  }

  private appendShape(value: unknown): number {
    if (Array.isArray(value)) return this.appendRows(value);
    if (!isObject(value)) {
      throw refuse('bad-payload', `is ${nameOf(value)}: a row is an object like {"t":1711111111123,"speed":12.5}`);
    }
    if (this.ignored.length > 0 && Array.isArray(value.rows)) {
      const other = Object.keys(value).find((key) => key !== 'rows' && !this.ignored.includes(key));
      if (other !== undefined) {
        throw refuse('bad-payload', `has "${other.slice(0, 100)}" beside its rows: put it into each row`);
      }
      this.ignored = NO_KEYS;
      return this.appendRows(value.rows);
    }
    if (Object.hasOwn(value, 't0') && Object.hasOwn(value, 'dt') && !this.hasTimeList(value, [this.timeNames[0]!])) {
      if (hasList(value, [...this.ignored, 't0', 'dt'], 1)) return this.appendColumns(value, true);
    }
    if (this.hasTimeList(value, this.timeNames)) return this.appendColumns(value, false);
    this.shape = 'row';
    return this.appendRow(value);
  }

  private appendRows(rows: unknown[]): number {
    this.shape = 'rows';
    let taken = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (!isObject(row))
        throw refuse('bad-payload', `has ${nameOf(row)} at place ${i} of its list, where a row belongs`);
      taken += this.appendRow(row);
    }
    return taken;
  }

  private appendRow(row: JsonObject): number {
    const { cells } = this;
    cells.count = 0;
    const timeName = this.timeNameOf(row, this.timeNames);
    this.nestedTime = undefined;
    for (const key of Object.keys(row)) {
      if (key !== timeName && !this.ignored.includes(key)) this.flatten(key, row[key], 2);
    }
    const time = timeName === null ? this.nestedTime : row[timeName];
    return this.finishRow(time, (received) => {
      const own = Object.keys(row).filter((key) => !this.ignored.includes(key));
      const kept = received ? own.filter((key) => !(row[key] === null && this.timeNames.includes(key))) : own;
      return [...(received ? this.receivedTime() : []), ...kept.map((key) => entry(key, row[key]))];
    });
  }

  /** A time found below the outermost object: only a rule with a dotted field name asks for one. */
  private nestedTime: unknown;

  /** Adds a value and what is nested in it to the cells of the row. `depth`: 2 for what stands in the row itself. */
  private flatten(name: string, value: unknown, depth: number): void {
    if (typeof value !== 'object' || value === null) {
      if (depth > 2 && value !== null && this.context.time?.field === name) this.nestedTime = value;
      else this.cells.add(name, value as string | number | boolean | null);
      return;
    }
    checkDepth(value, depth);
    if (Array.isArray(value)) this.cells.add(name, jsonText(value));
    else for (const key of Object.keys(value)) this.flatten(`${name}.${key}`, (value as JsonObject)[key], depth + 1);
  }

  private appendColumns(message: JsonObject, even: boolean): number {
    this.shape = even ? 'even' : 'columns';
    const leaves: Leaf[] = [];
    for (const key of Object.keys(message)) {
      if (this.ignored.includes(key) || (even && (key === 't0' || key === 'dt'))) continue;
      gatherLeaves(leaves, key, message[key], 2);
    }
    const lists = leaves.filter((leaf) => leaf.list !== null);
    const rows = lists[0]!.list!.length;
    const odd = lists.find((leaf) => leaf.list!.length !== rows);
    if (odd !== undefined) {
      throw refuse(
        'bad-payload',
        `has ${rows} cells in column "${lists[0]!.name.slice(0, 100)}" and ${odd.list!.length} in "${odd.name.slice(0, 100)}": columns must be of equal length`,
      );
    }
    const evenTime = even ? this.evenTime(message, leaves) : null;
    const times = (even ? [] : this.timeNames)
      .map((name) => leaves.find((leaf) => leaf.name === name))
      .filter((leaf) => leaf !== undefined);
    let taken = 0;
    for (let i = 0; i < rows; i++) {
      const own = times.find((leaf) => cellOf(leaf, i) !== null) ?? null;
      this.cells.count = 0;
      for (const leaf of leaves) if (leaf !== own) this.flatten(leaf.name, cellOf(leaf, i), leaf.depth);
      const evenUs = evenTime === null ? null : evenTime.t0Us + Math.round(i * evenTime.dtUs);
      const time = own === null ? undefined : cellOf(own, i);
      taken += this.finishRow(
        time,
        (received) => {
          const entries = leaves
            .filter((leaf) => leaf === own || !times.includes(leaf) || cellOf(leaf, i) !== null)
            .map((leaf) => entry(leaf.name, cellOf(leaf, i)));
          if (evenUs !== null) return [entry(this.timeNames[0]!, evenText(evenUs)), ...entries];
          return [...(received ? this.receivedTime() : []), ...entries];
        },
        evenUs,
      );
    }
    return taken;
  }

  /** Times of the even spacing; takes the field that carries the time of a row, if it is null, out of `leaves`. */
  private evenTime(message: JsonObject, leaves: Leaf[]): { t0Us: number; dtUs: number } {
    const { t0, dt } = message;
    for (const value of [t0, dt]) if (typeof value === 'object' && value !== null) checkNested(value, 2);
    const own = leaves.findIndex((leaf) => leaf.name === this.timeNames[0]);
    if (own >= 0 && leaves[own]!.value !== null) {
      throw refuse('bad-payload', `has the time "${this.timeNames[0]}" beside t0 and dt: send one of them`);
    }
    if (own >= 0) leaves.splice(own, 1);
    const rule = this.context.time;
    const unit: TimeUnit | null = rule?.unit ?? (typeof t0 === 'number' ? unitOf(t0) : null);
    const t0Us = this.readTime(t0);
    if (Number.isNaN(t0Us)) throw refuse('bad-time', `has the t0 ${shortText(t0)}: ${this.timeAdvice(t0)}`);
    if (unit === null) {
      throw refuse('bad-time', `has t0 as a text, so that dt has no unit: send t0 as a number or declare the unit`);
    }
    if (typeof dt !== 'number' || !(dt > 0) || !Number.isFinite(toUs(dt, unit))) {
      throw refuse('bad-time', `has the dt ${shortText(dt)}: it is a number above 0, in the unit of t0`);
    }
    return { t0Us, dtUs: toUs(dt, unit) };
  }

  /** Appends the row in `cells`, or refuses it. `original` gives its entries as JSON text. Returns the rows taken. */
  private finishRow(time: unknown, original: (received: boolean) => string[], evenUs: number | null = null): number {
    const { cells, builder, context } = this;
    if (typeof time === 'object' && time !== null) checkNested(time, 2);
    const received = evenUs === null && (time === undefined || time === null);
    const timeUs = received ? context.receivedUs : evenUs === null ? this.readTime(time) : inRange(evenUs);
    const wording = (): Buffer => Buffer.from(`{${original(received).join(',')}}`);
    if (Number.isNaN(timeUs)) {
      const cell = evenUs === null ? shortText(time) : evenText(evenUs);
      this.refuseRow('bad-time', `has the time ${cell}: ${this.timeAdvice(time)}`, null, cell, 'a time', wording());
      return 0;
    }
    if (received && cells.count === 0 && original(false).length === 0) {
      this.refuseRow('bad-payload', 'is empty', null, null, null, Buffer.from('{}'));
      return 0;
    }
    if (received) cells.add(TIME_IS_RECEIVED, true);
    for (let i = 0; i < cells.count; i++) {
      if (cells.kinds[i] !== CELL_NUMBER || Math.abs(cells.numbers[i]!) !== Number.POSITIVE_INFINITY) continue;
      const name = cells.names[i]!.slice(0, 256);
      this.refuseRow(
        'bad-payload',
        `has a number in column "${name}" beyond the range of 64-bit floats`,
        name,
        shortText(cells.numbers[i]),
        'f64',
        wording(),
      );
      return 0;
    }
    const failed = builder.appendRow(cells, timeUs);
    if (failed === TAKEN) return 1;
    this.refuseCell(failed, wording());
    return 0;
  }

  private refuseCell(at: number, original: Buffer): void {
    const { cells, builder } = this;
    const column = cells.names[at]!;
    const named = column.slice(0, 256);
    const cell = shortText(cells.valueAt(at));
    if (builder.fault === 'too-many-columns') {
      this.refuseRow(
        builder.fault,
        `adds column "${named}", one more than a stream may have`,
        named,
        cell,
        null,
        original,
      );
    } else if (builder.fault === 'bad-payload') {
      this.refuseRow(
        builder.fault,
        'has a column name that is empty or over 256 characters',
        named,
        cell,
        null,
        original,
      );
    } else {
      const expected = builder.typeOf(column) ?? 'one type';
      const kind = cells.kinds[at];
      const what = kind === CELL_NUMBER ? 'the number' : kind === CELL_BOOL ? 'the bool' : 'the text';
      const why = `has ${what} ${cell} in column "${named}", which holds ${expected}`;
      this.refuseRow(builder.fault, why, named, cell, expected, original);
    }
  }

  private refuseRow(
    code: ErrorCode,
    why: string,
    column: string | null,
    cell: string | null,
    expected: string | null,
    original: Buffer,
  ): void {
    const reason = `a row of stream "${this.builder.stream}" ${why}`;
    this.refusals.push({ code, reason, column, cell, expected, original });
    this.refusedBytes += original.length;
    if (this.refusals.length <= REFUSED_ROWS_MAX && this.refusedBytes <= REFUSED_BYTES_MAX) return;
    const first = this.refusals[0]!;
    throw refuse(first.code, `has too many rows to be refused one by one; the first: ${first.reason}`);
  }

  /** The time's key in the row itself: the first of the known ones that is not null. */
  private timeNameOf(row: JsonObject, names: readonly string[]): string | null {
    for (const name of names) {
      if (row[name] !== undefined && row[name] !== null && Object.hasOwn(row, name)) return name;
    }
    return null;
  }

  /** Whether the first of the named times that is not null is a list. */
  private hasTimeList(message: JsonObject, names: readonly string[]): boolean {
    const name = this.timeNameOf(message, names);
    if (name !== null) return Array.isArray(message[name]);
    return names[0]!.includes('.') && Array.isArray(lookUp(message, names[0]!));
  }

  /** Microseconds, or NaN. */
  private readTime(time: unknown): number {
    if (typeof time === 'number') return epochUs(time, this.context.time?.unit ?? null);
    return typeof time === 'string' ? isoUs(time) : Number.NaN;
  }

  private timeAdvice(time: unknown): string {
    const unit = this.context.time?.unit ?? null;
    if (typeof time === 'number' && unit === null && unitOf(time) === null) {
      return 'too small to tell its unit by size; send the time since 1970, or declare time: { field, unit }';
    }
    return `a time is a number${unit === null ? '' : ` in ${unit}`} or an ISO 8601 text, from 1970 to 2200`;
  }

  /** Entries which make a row that had no time carry its receive time when it is sent again. */
  private receivedTime(): string[] {
    return [entry(this.timeNames[0]!, formatIso(this.context.receivedUs)), entry(TIME_IS_RECEIVED, true)];
  }
}

function entry(key: string, value: unknown): string {
  return `${JSON.stringify(key)}:${jsonText(value)}`;
}

function evenText(timeUs: number): string {
  return Number.isNaN(inRange(timeUs)) ? `${timeUs} us since 1970` : formatIso(timeUs);
}

function inRange(timeUs: number): number {
  return epochUs(timeUs, 'us');
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the single value ${shortText(value)}`;
}

function refuse(code: ErrorCode, why: string): PitwallError {
  return new PitwallError(code, `the payload ${why}`, { stage: 'decode' });
}
