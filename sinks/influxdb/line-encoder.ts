import type { Batch } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import type { SinkBatch } from '../sink.js';
import type { TextBuffer } from '../text/text-buffer.js';
import type { FieldTypes } from './field-types.js';
import { LineField, TEXT_BYTES_MAX } from './line-field.js';
import { LineSeries } from './line-series.js';
import type { LineTemplate } from './line-template.js';
import { PointTimes, UNIT_US } from './point-times.js';
import type { TagWatch } from './tag-watch.js';

const SAFE = 9007199254740991;
/** InfluxDB 1 and 2: measurement and tags as written, four bytes, and the key of a field. */
const KEY_BYTES_MAX = 65_535 - 4;
const TIME_BYTES_MAX = 24;
const SPACE = 32;
const LINE_END = 10;
const ZERO = 48;
const INTEGER_END = 105;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** What the lines of a record do not say, counted as its rows are encoded. */
export interface LineCounts {
  /** Cells that are NaN or infinite, left out. */
  nonFinite: number;
  /** Rows without a field, left out. */
  emptyRows: number;
  /** Rows that write over an earlier row of their record, see `PointTimes`. */
  overwriting: number;
}

/** What encoders of one store share. */
export interface LineMemory {
  types: FieldTypes;
  tags: TagWatch;
}

/** A row that is left out since InfluxDB does not take it, and why. */
export type RefuseLine = (record: SinkBatch, row: number, reason: string) => void;

/**
 * Rows of one stream, one schema and one set of captures as lines of the InfluxDB line protocol: `measurement,tags
 * fields time` and a line end. Integers without scale and offset are `1i`, all other numbers floats in the fewest digits
 * that read back as the same double, or for f32 the same float32; null cells are left out. A field that the store has of
 * the other type of numbers is written as that, where it holds the value exactly.
 */
export class LineEncoder {
  private readonly series: LineSeries;
  private readonly fields: LineField[];
  private readonly times: PointTimes;
  private readonly measurement: string;
  private readonly unitUs: number;
  private readonly hasSlots: boolean;
  private readonly keyBytes: number;
  private loaded: Batch | null = null;
  private loadedOffset = 0;
  private rowBytes = 0;
  /** Of the types that the forms of the fields are decided by; -1: some are not decided. */
  private typesVersion = -1;

  constructor(
    template: LineTemplate,
    stream: string,
    readonly schema: Schema,
    captures: Readonly<Record<string, string>>,
    private readonly counts: LineCounts,
    private readonly refused: RefuseLine,
    private readonly memory: LineMemory | null = null,
  ) {
    const layout = template.layout(stream, schema, captures);
    const { precision } = template;
    this.measurement = layout.measurement;
    this.series = new LineSeries(layout, (column) => schema.fields[column]!.type === 'bool', memory?.tags ?? null);
    this.fields = layout.fields.map(({ column, name }) => new LineField(column, name, schema.fields[column]!));
    this.times = new PointTimes(precision);
    this.unitUs = UNIT_US[precision];
    this.hasSlots = precision === 'ns';
    this.keyBytes = Math.max(0, ...this.fields.map(({ startBytes }) => startBytes - 2));
  }

  /**
   * Appends the lines of a record's rows `from` to `to` (exclusive), until `bytesMax` or more stand in the buffer; returns
   * the row it came to. A row's line is the same however the record is cut. The record's batch does not change.
   */
  encode(record: SinkBatch, from: number, to: number, out: TextBuffer, bytesMax: number): number {
    const { batch, offset } = record;
    if (batch !== this.loaded || offset !== this.loadedOffset) this.load(batch, offset);
    const { series, rowBytes } = this;
    let row = from;
    for (; row < to && out.at < bytesMax; row++) {
      const start = series.starts[series.seriesOf === null ? 0 : series.seriesOf[row]!]!;
      const key = start.length + this.keyBytes;
      if (key > KEY_BYTES_MAX) {
        const what = `measurement, tags and the longest field key take ${key} bytes`;
        this.refused(record, row, `${what}; InfluxDB takes ${KEY_BYTES_MAX}`);
        continue;
      }
      out.reserve(rowBytes + start.length);
      const lineAt = out.at;
      out.copy(start);
      const fieldsAt = out.at;
      const fault = this.writeFields(row, out);
      if (fault !== null) {
        out.at = lineAt;
        this.refused(record, row, fault);
      } else if (out.at === fieldsAt) {
        out.at = lineAt;
        this.counts.emptyRows++;
      } else {
        out.bytes[fieldsAt] = SPACE;
        this.writeTime(batch.timeUs[row]!, row, out);
      }
    }
    this.counts.overwriting += this.times.overwritingIn(from, row);
    return row;
  }

  /** Forgets the batch, and its memory. */
  unload(): void {
    this.loaded = null;
    for (const field of this.fields) field.unload();
  }

  private load(batch: Batch, offset: number): void {
    const { series, fields, times } = this;
    series.load(batch);
    times.load(batch, offset, series.seriesOf, series.starts.length);
    let bytes = TIME_BYTES_MAX;
    for (const field of fields) bytes += 4 * field.words.length + field.load(batch);
    this.rowBytes = bytes;
    if (this.memory !== null && this.memory.types.version !== this.typesVersion) this.settle(this.memory.types, batch);
    this.loaded = batch;
    this.loadedOffset = offset;
  }

  private settle(types: FieldTypes, { rows }: Batch): void {
    for (const field of this.fields) field.settle(this.measurement, types, rows);
    this.typesVersion = this.fields.every(({ stored }) => stored !== undefined) ? types.version : -1;
  }

  /** Returns why the row cannot be written, else null. */
  private writeFields(row: number, out: TextBuffer): string | null {
    const { fields } = this;
    for (let f = 0; f < fields.length; f++) {
      const field = fields[f]!;
      if (field.nulls !== null && field.isNull(row)) continue;
      const value = field.cells[row]!;
      switch (field.form) {
        case 'float64':
        case 'float32':
          if (value - value !== 0) {
            this.counts.nonFinite++;
            break;
          }
          out.copyWords(field.words, field.startBytes);
          out.decimals = field.decimals;
          if (field.form === 'float32') out.float32(value);
          else out.float64(value);
          field.decimals = out.decimals;
          break;
        case 'integer':
          out.copyWords(field.words, field.startBytes);
          if (value <= SAFE && value >= -SAFE) out.integer(value);
          else out.ascii(String(field.values[row]!));
          out.bytes[out.at++] = INTEGER_END;
          break;
        case 'float-of-integer':
          if (value > SAFE || value < -SAFE) return field.conflict(this.measurement, row);
          out.copyWords(field.words, field.startBytes);
          out.integer(value);
          break;
        case 'integer-of-float':
          if (value - value !== 0) {
            this.counts.nonFinite++;
            break;
          }
          if (Math.floor(value) !== value || value > SAFE || value < -SAFE)
            return field.conflict(this.measurement, row);
          out.copyWords(field.words, field.startBytes);
          out.integer(value);
          out.bytes[out.at++] = INTEGER_END;
          break;
        case 'conflict':
          return field.conflict(this.measurement, row);
        case 'bool':
          out.copyWords(field.words, field.startBytes);
          out.copy(value !== 0 ? TRUE : FALSE);
          break;
        case 'utf8': {
          const text = field.texts[value]!;
          if (text === null)
            return `the text of field "${field.name}" is over the ${TEXT_BYTES_MAX} bytes InfluxDB takes`;
          out.copyWords(field.words, field.startBytes);
          out.copy(text);
        }
      }
    }
    return null;
  }

  private writeTime(timeUs: number, row: number, out: TextBuffer): void {
    const { bytes } = out;
    bytes[out.at++] = SPACE;
    out.integer(this.unitUs === 1 ? timeUs : Math.floor(timeUs / this.unitUs));
    if (this.hasSlots) {
      const { slots } = this.times;
      const slot = slots === null ? 0 : slots[row]!;
      const tens = (slot / 10) | 0;
      const hundreds = (slot / 100) | 0;
      bytes[out.at++] = ZERO + hundreds;
      bytes[out.at++] = ZERO + tens - hundreds * 10;
      bytes[out.at++] = ZERO + slot - tens * 10;
    }
    bytes[out.at++] = LINE_END;
  }
}
