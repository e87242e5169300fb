import type { SinkBatch } from '../sink.js';
import {
  BSON,
  type BsonBuffer,
  documentElement,
  documentOf,
  elementStart,
  textElement,
  textValue,
} from './bson-buffer.js';
import type { RowDocument } from './row-document.js';

/** Where the row of a document comes from: what of two rows of a key is the later one. */
export const AT = '_at';

const start = (name: string, type: number = BSON.document): Buffer => elementStart(type, name);
const LITERAL = start('$literal');
const AT_START = start(AT);
const ROOT = textElement('2', '$$ROOT');
const UPSERT = Buffer.concat([start('upsert', BSON.bool), Buffer.of(1)]);
const AT_PATH = textElement('0', `$${AT}`);
/** The ends of the documents around the two parts that differ. */
const STATEMENT_BYTES = 256;

/**
 * A statement of the command `update` that puts a row in the place of an earlier one of its key, and leaves a later one:
 * `{q: {_id}, u: [{$replaceWith: {$cond: [{$lt: ['$_at', at]}, row, '$$ROOT']}}], upsert: true}`. The server decides and
 * writes in one step, so that statements which come again, or in another order, end with the same document.
 */
export class UpsertStatement {
  private record: SinkBatch | null = null;
  /** `_at` of the record's rows; time and row are put into it. */
  private at: Buffer = Buffer.alloc(0);

  constructor(private readonly document: RowDocument) {}

  /** Returns the bytes that its longest statement may need, beside twice the key. */
  load(record: SinkBatch): number {
    if (record !== this.record) {
      this.record = record;
      this.at = atOf(record);
    }
    return this.document.load(record) + 2 * this.at.length + STATEMENT_BYTES;
  }

  unload(): void {
    this.record = null;
    this.document.unload();
  }

  write(id: Uint8Array, row: number, out: BsonBuffer): void {
    const { at } = this;
    at.writeBigInt64LE(BigInt(this.record!.batch.timeUs[row]!), TIME_AT);
    at.writeInt32LE(row, at.length - 5);
    const statement = begin(out);
    out.copy(start('q'));
    const query = begin(out);
    out.copy(id);
    out.endDocument(query);
    const open = ['u', '0', '$replaceWith', '$cond'].map((name) => {
      out.copy(start(name, name === 'u' || name === '$cond' ? BSON.array : BSON.document));
      return begin(out);
    });
    out.copy(
      documentElement('0', [documentElement('$lt', [AT_PATH, documentElement('1', [LITERAL, at])], BSON.array)]),
    );
    this.row(id, row, out);
    out.copy(ROOT);
    for (const each of open.reverse()) out.endDocument(each);
    out.copy(UPSERT);
    out.endDocument(statement);
  }

  private row(id: Uint8Array, row: number, out: BsonBuffer): void {
    out.copy(start('1'));
    const literal = begin(out);
    out.copy(LITERAL);
    this.document.writeWith(Buffer.concat([id, AT_START, this.at]), row, out);
    out.endDocument(literal);
  }
}

const AT_TIME = start('timeUs', BSON.int64);
/** Behind the length of the document. */
const TIME_AT = 4 + AT_TIME.length;

/** Compared field by field, in this order. */
function atOf({ topic, partition, offset }: SinkBatch): Buffer {
  const int32 = Buffer.alloc(4);
  int32.writeInt32LE(partition);
  const int64 = Buffer.alloc(8);
  int64.writeBigInt64LE(BigInt(offset));
  return documentOf([
    Buffer.concat([AT_TIME, Buffer.alloc(8)]),
    Buffer.concat([start('topic', BSON.text), textValue(topic)]),
    Buffer.concat([start('partition', BSON.int32), int32]),
    Buffer.concat([start('offset', BSON.int64), int64]),
    Buffer.concat([start('row', BSON.int32), Buffer.alloc(4)]),
  ]);
}

function begin(out: BsonBuffer): number {
  const at = out.at;
  out.int32(0);
  return at;
}
