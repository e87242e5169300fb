import type { SinkBatch } from '../sink.js';
import { BSON, type BsonBuffer, documentElement, elementStart, textElement } from './bson-buffer.js';
import { documentLayout } from './field-names.js';
import { RowFields } from './row-fields.js';

/** What MongoDB takes. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

/** `_id`, two times and the ends of documents, names included. */
const HEAD_BYTES = 96;
const ID = elementStart(BSON.text, '_id');
const TIME = elementStart(BSON.date, 'time');
const TIME_US = elementStart(BSON.int64, 'timeUs');
const RESERVED = ['_id', 'time', 'timeUs', 'stream'];

/** The `_id` of a row's document. */
export function idOf({ record, row }: { record: SinkBatch; row: number }): string {
  return `${placeOf(record)}${row}`;
}

/** What stands before the row's number. */
function placeOf({ topic, partition, offset }: SinkBatch): string {
  return `${topic}/${partition}/${offset}/`;
}

/**
 * Rows of one stream, schema and set of tags as documents. `_id` is where a row comes from, `TOPIC/PARTITION/OFFSET/ROW`,
 * or what the caller writes; then `time` (milliseconds, as MongoDB's dates are), `timeUs`, `stream`, tags and columns.
 */
export class RowDocument {
  private readonly fields: RowFields;
  /** Stream and tags: the same in each row. */
  private readonly head: Buffer;
  private record: SinkBatch | null = null;
  private id = Buffer.alloc(0);
  private rowBytes = 0;

  /** `meta`: stream and tags are a document of that name, as time-series collections want it. */
  constructor(
    { batch, tags }: SinkBatch,
    { meta = null, reserved = [] }: { meta?: string | null; reserved?: readonly string[] } = {},
  ) {
    const own = [...RESERVED, ...reserved, ...(meta === null ? [] : [meta])];
    const layout = documentLayout(own, tags, batch.schema);
    const elements = [
      textElement('stream', batch.stream),
      ...layout.tags.map(([tag, name]) => textElement(name, tags[tag]!)),
    ];
    this.head = meta === null ? Buffer.concat(elements) : documentElement(meta, elements);
    this.fields = new RowFields(batch.schema, layout.members);
  }

  /** Takes a record; returns the bytes that the longest of its documents may need, beside what the caller writes. */
  load(record: SinkBatch): number {
    if (record === this.record) return this.rowBytes;
    const { batch } = record;
    const place = Buffer.from(placeOf(record));
    const length = Buffer.alloc(4);
    this.id = Buffer.concat([ID, length, place]);
    this.record = record;
    this.rowBytes = HEAD_BYTES + this.id.length + this.head.length + this.fields.load(batch);
    return this.rowBytes;
  }

  unload(): void {
    this.record = null;
    this.fields.unload();
  }

  /** The document of a row of the record that was loaded. */
  write(row: number, out: BsonBuffer): void {
    const start = this.begin(out);
    out.copy(this.id);
    const text = start + 4 + ID.length + 4;
    out.digits(row);
    out.byte(0);
    out.setInt32(text - 4, out.at - text);
    this.finish(start, row, out);
  }

  /** As `write`, with elements of the caller's in place of `_id`. */
  writeWith(elements: Uint8Array, row: number, out: BsonBuffer): void {
    const start = this.begin(out);
    out.copy(elements);
    this.finish(start, row, out);
  }

  private begin(out: BsonBuffer): number {
    const start = out.at;
    out.int32(0);
    return start;
  }

  private finish(start: number, row: number, out: BsonBuffer): void {
    const timeUs = this.record!.batch.timeUs[row]!;
    out.copy(TIME);
    out.int64(Math.floor(timeUs / 1000));
    out.copy(TIME_US);
    out.int64(timeUs);
    out.copy(this.head);
    this.fields.write(row, out);
    out.endDocument(start);
  }
}
