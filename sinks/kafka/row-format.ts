import type { Batch } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import { LONG_BYTES_MAX, writeLong } from '../../schemas/avro-writer.js';
import type { RowAvro } from '../../schemas/row-avro.js';
import { jsonlDialect } from '../text/row-dialect.js';
import { type EncodeCounts, RowEncoder } from '../text/row-encoder.js';
import type { TextBuffer } from '../text/text-buffer.js';

/** Rows that stand one behind the other, as `encode` has written them. */
export interface EncodedRows {
  rows: number;
  bytes: Buffer;
}

/** Rows of one stream, one schema and one set of tags, as values of messages. */
export interface RowFormat {
  /** Appends the batch's rows; returns where each of them ends. With one row a message, each is a value. */
  encode(batch: Batch, out: TextBuffer): number[];
  /** The value of a message with many rows. */
  join(parts: readonly EncodedRows[]): Buffer;
}

type Tags = Readonly<Record<string, string>>;

const OPEN = Buffer.from('[');
const CLOSE = ']'.charCodeAt(0);

/** JSON objects as in the file sink's jsonl; many of them as an array. */
export class JsonRows implements RowFormat {
  private readonly encoder: RowEncoder;
  private readonly scratch: Float64Array[] = [];

  constructor(stream: string, schema: Schema, tags: Tags, isJoined: boolean, counts: EncodeCounts) {
    // The last comma of a message becomes the end of its array.
    const dialect = { ...jsonlDialect, rowEnd: isJoined ? '},' : '}' };
    this.encoder = new RowEncoder(dialect, stream, schema, tags, counts);
  }

  encode(batch: Batch, out: TextBuffer): number[] {
    const ends: number[] = [];
    const start = out.at;
    // Asked before each row, since there is always more in the buffer than nothing.
    this.encoder.encode(batch, out, 0, this.scratch, () => {
      if (out.at > start) ends.push(out.at);
    });
    ends.push(out.at);
    return ends;
  }

  join(parts: readonly EncodedRows[]): Buffer {
    const value = Buffer.concat([OPEN, ...parts.map(({ bytes }) => bytes)]);
    value[value.length - 1] = CLOSE;
    return value;
  }
}

const ARRAY_END = Buffer.from([0]);

/** Avro records, see `RowAvro`; many of them as an array. `prefix` stands before each value. */
export class AvroRows implements RowFormat {
  constructor(
    private readonly rows: RowAvro,
    private readonly isJoined: boolean,
    private readonly prefix: Buffer,
  ) {}

  /** The schema of a value. */
  static schemaText(rows: RowAvro, isJoined: boolean): string {
    return isJoined ? `{"type":"array","items":${rows.schemaText}}` : rows.schemaText;
  }

  encode(batch: Batch, out: TextBuffer): number[] {
    const { rows, isJoined, prefix } = this;
    const ends: number[] = [];
    rows.load(batch);
    for (let row = 0; row < batch.rows; row++) {
      out.reserve(rows.rowBytesMax + prefix.length);
      if (!isJoined) out.copy(prefix);
      out.at = rows.write(row, out.bytes, out.at);
      ends.push(out.at);
    }
    return ends;
  }

  /** A block of the array for each part. */
  join(parts: readonly EncodedRows[]): Buffer {
    const blocks = parts.flatMap(({ rows, bytes }) => {
      const count = Buffer.alloc(LONG_BYTES_MAX);
      return [count.subarray(0, writeLong(rows, count, 0)), bytes];
    });
    return Buffer.concat([this.prefix, ...blocks, ARRAY_END]);
  }
}
