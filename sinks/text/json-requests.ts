import { sliceRows } from '../../columnar/kernels/slice.js';
import type { RequestBuilder } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import { PositionRanges } from './position-ranges.js';
import { jsonlDialect, type RowDialect } from './row-dialect.js';
import { RowEncoders } from './row-encoders.js';
import { TextBuffer } from './text-buffer.js';

export interface JsonRequest {
  body: Buffer;
  rows: number;
  /** Which rows of the bus these are (see PositionRanges). */
  positions: string;
}

export interface JsonRequestOptions {
  /** `json`: an array of objects; `jsonl`: an object a line. */
  format: 'json' | 'jsonl';
  /** Whether each row has its place on the bus as `position`: `TOPIC/PARTITION:OFFSET.ROW`, the same whenever it comes. */
  positions: boolean;
}

/** A request names so many partitions at most, so that their ranges fit into a header of 4 KiB. */
const PARTITIONS_MAX = 40;
const FIRST_BYTES = 64 * 1024;
const DIGITS = 20;
const CLOSE_ROW = Buffer.from('}');
const BETWEEN = Buffer.from(',\n');
const NEWLINE = Buffer.from('\n');

/** A row as the file sink's jsonl has it, without its last brace. */
const openRow: RowDialect = { ...jsonlDialect, rowEnd: '' };
const openRowOfPosition: RowDialect = { ...openRow, reserved: [...jsonlDialect.reserved, 'position'] };

/**
 * Rows as JSON objects, gathered to requests: for stores that take JSON. A null cell is left out; NaN and the infinities
 * are `null`; integers have all their digits.
 */
export class JsonRequests {
  private readonly encoders: RowEncoders;
  private readonly scratch: Float64Array[] = [];

  constructor(private readonly options: JsonRequestOptions) {
    this.encoders = new RowEncoders(options.positions ? openRowOfPosition : openRow);
  }

  builder(): RequestBuilder<JsonRequest> {
    return new JsonRequestBuilder(this.options, this.encoders, this.scratch);
  }
}

class JsonRequestBuilder implements RequestBuilder<JsonRequest> {
  private out = new TextBuffer(FIRST_BYTES);
  private readonly ranges = new PositionRanges();
  private rows = 0;

  constructor(
    private readonly options: JsonRequestOptions,
    private readonly encoders: RowEncoders,
    private readonly scratch: Float64Array[],
  ) {}

  get bytes(): number {
    return this.out.at;
  }

  add(record: SinkBatch, from: number, to: number, bytesMax: number): number {
    const { ranges, out } = this;
    if (ranges.partitions >= PARTITIONS_MAX && !ranges.has(record)) return from;
    const encoder = this.encoders.of(record);
    const { topic, partition, offset, batch } = record;
    const isArray = this.options.format === 'json';
    const place = this.options.positions
      ? Buffer.from(`,"position":${JSON.stringify(`${topic}/${partition}:${offset}.`).slice(0, -1)}`)
      : null;
    encoder.load(sliceRows(batch, from, to), this.scratch);
    let row = from;
    do {
      if (isArray) this.between();
      encoder.row(row - from, out);
      out.reserve((place?.length ?? 0) + DIGITS);
      if (place) {
        out.copy(place);
        out.integer(row);
        out.ascii('"');
      }
      out.copy(CLOSE_ROW);
      if (!isArray) out.copy(NEWLINE);
      this.rows++;
      row++;
    } while (row < to && out.at < bytesMax);
    encoder.unload();
    ranges.add(record, from, row);
    return row;
  }

  take(): JsonRequest {
    const { out, rows } = this;
    if (this.options.format === 'json') {
      out.reserve(1);
      out.ascii(']');
    }
    const body = out.bytes.subarray(0, out.at);
    const positions = this.ranges.toString();
    // The next is about as large.
    this.out = new TextBuffer(Math.max(FIRST_BYTES, body.length + (body.length >> 4)));
    this.ranges.clear();
    this.rows = 0;
    return { body, rows, positions };
  }

  private between(): void {
    const { out } = this;
    out.reserve(BETWEEN.length);
    if (this.rows === 0) out.ascii('[');
    else out.copy(BETWEEN);
  }
}
