import { BSON as Driver } from 'mongodb';
import type { SinkBatch } from '../sink.js';
import { BSON, type BsonBuffer, documentElement, elementStart, textElement } from './bson-buffer.js';
import type { Bucket } from './bucket-builder.js';
import { ArrayWriter, type BucketColumns, STATE } from './bucket-columns.js';
import { type BucketStep, storedState } from './bucket-state.js';

/**
 * A statement of the command `update` that appends rows to a bucket, if the bucket has as many rows as is known, and else
 * does nothing: so it has the rows once, however often the statement comes. Columns that are new get nulls for the rows
 * before, those that the rows do not have nulls for these.
 */
export function writeBucketStatement(
  { stream, startUs }: Omit<Bucket, 'spans'>,
  step: BucketStep,
  columnsOf: (record: SinkBatch) => BucketColumns,
  out: BsonBuffer,
): void {
  const { before, after, spans } = step;
  const isNew = before.count === 0;
  const time = dateElement('time', startUs);
  const id = documentElement('_id', [textElement('stream', stream), time, int32Element('part', before.part)]);
  const own = isNew ? [documentElement('$setOnInsert', [time, ...columnsOf(spans[0]!.record).own])] : [];
  const set = Driver.serialize({ count: after.count, [STATE]: storedState(after) });
  const query = documentElement('q', [id, int32Element('count', before.count)]);
  const head = Buffer.concat([query, elementStart(BSON.document, 'u')]);
  const rest = Buffer.concat([...own, elementStart(BSON.document, '$set'), set]);
  const upsert = Buffer.concat([elementStart(BSON.bool, 'upsert'), Buffer.of(isNew ? 1 : 0)]);

  out.reserve(head.length + rest.length + 64);
  const statement = begin(out);
  out.copy(head);
  const update = begin(out);
  out.copy(rest);
  out.copy(elementStart(BSON.document, '$push'));
  const push = begin(out);
  each('timeUs', out, (array) => {
    for (const { record, from, to } of spans) array.times(record.batch.timeUs, from, to);
  });
  for (const path of after.columns) {
    each(path, out, (array) => {
      if (!before.columns.has(path)) array.nulls(before.count);
      for (const { record, from, to } of spans) {
        const columns = columnsOf(record);
        const cells = columns.cells.get(path);
        if (!cells) array.nulls(to - from);
        else {
          cells.load(record.batch);
          array.cells(cells, from, to);
        }
      }
    });
  }
  for (const { record } of spans) columnsOf(record).unload();
  out.reserve(upsert.length + 16);
  out.endDocument(push);
  out.endDocument(update);
  out.copy(upsert);
  out.endDocument(statement);
}

/** `path: {$each: [...]}`. */
function each(path: string, out: BsonBuffer, write: (array: ArrayWriter) => void): void {
  const start = elementStart(BSON.document, path);
  out.reserve(start.length + 32);
  out.copy(start);
  const document = begin(out);
  out.copy(EACH);
  const array = begin(out);
  write(new ArrayWriter(out));
  out.reserve(16);
  out.endDocument(array);
  out.endDocument(document);
}

const EACH = elementStart(BSON.array, '$each');

function dateElement(name: string, timeUs: number): Buffer {
  const value = Buffer.alloc(8);
  value.writeBigInt64LE(BigInt(Math.floor(timeUs / 1000)));
  return Buffer.concat([elementStart(BSON.date, name), value]);
}

function int32Element(name: string, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return Buffer.concat([elementStart(BSON.int32, name), bytes]);
}

function begin(out: BsonBuffer): number {
  const at = out.at;
  out.int32(0);
  return at;
}
