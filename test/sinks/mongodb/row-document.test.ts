import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BSON, Double, Int32, Long } from 'mongodb';
import { type Batch, cellAt } from '../../../columnar/batch.js';
import { Schema } from '../../../columnar/schema.js';
import { BsonBuffer } from '../../../sinks/mongodb/bson-buffer.js';
import { RowDocument } from '../../../sinks/mongodb/row-document.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { anyRecord } from '../any-records.js';

const RUNS = { numRuns: 2_000 };
const AS_STORED = { promoteValues: false, useBigInt64: false };

/** The documents of a record's rows, by the reader of MongoDB's own driver. */
function documentsOf(record: SinkBatch): BSON.Document[] {
  const document = new RowDocument(record);
  const rowBytes = document.load(record);
  const out = new BsonBuffer(16);
  return Array.from({ length: record.batch.rows }, (_, row) => {
    out.at = 0;
    out.reserve(rowBytes);
    document.write(row, out);
    return BSON.deserialize(out.bytes.subarray(0, out.at), AS_STORED);
  });
}

/** A cell as the driver gives it, with its type. */
function expected(batch: Batch, column: number, row: number): unknown {
  const { type, scale, offset } = batch.schema.fields[column]!;
  const cell = cellAt(batch, column, row);
  if (typeof cell === 'string') return Buffer.from(cell).toString();
  if (cell === null || typeof cell === 'boolean') return cell;
  if (type === 'f64' || type === 'f32' || scale !== 1 || offset !== 0) return new Double(Number(cell));
  return type === 'i64' ? Long.fromBigInt(BigInt(cell)) : new Int32(Number(cell));
}

/** A value with its type, as a text that no other value has. */
function textOf(value: unknown): string {
  if (value instanceof Double) return `double ${Object.is(value.value, -0) ? '-0' : value.value}`;
  if (value instanceof Int32 || value instanceof Long) return `${value._bsontype} ${value}`;
  return JSON.stringify(value);
}

function leaves(value: unknown): unknown[] {
  const isDocument = Object.getPrototypeOf(value) === Object.prototype;
  return isDocument ? Object.values(value as object).flatMap(leaves) : [value];
}

test("MongoDB's own reader of BSON finds every cell of every type as it was, and nulls left out.", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { batch } = record;
      const schema = new Schema(batch.schema.fields.map((f, c) => ({ ...f, name: `c${c}` })));
      const named = { ...batch, schema };
      for (const [row, found] of documentsOf({ ...record, batch: named }).entries()) {
        const { topic, partition, offset } = record;
        const timeUs = batch.timeUs[row]!;
        assert.equal(found._id, `${topic}/${partition}/${offset}/${row}`);
        assert.equal(found.time.getTime(), Math.floor(timeUs / 1000));
        assert.deepEqual(found.timeUs, Long.fromNumber(timeUs));
        assert.equal(found.stream, batch.stream);
        schema.fields.forEach(({ name }, column) => {
          const wanted = expected(named, column, row);
          if (wanted === null) assert.ok(!Object.hasOwn(found, name), name);
          else assert.equal(textOf(found[name]), textOf(wanted), name);
        });
      }
    }),
    RUNS,
  );
});

test('Whatever columns and tags are called, no cell is lost and none is there twice.', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { batch, tags } = record;
      const written = Object.keys(tags).filter((tag) => batch.schema.indexOf(tag) < 0);
      const own = written.map((tag) => Buffer.from(tags[tag]!).toString());
      for (const [row, { _id, time, timeUs, stream, ...found }] of documentsOf(record).entries()) {
        const cells = batch.schema.fields
          .map((_, column) => expected(batch, column, row))
          .filter((cell) => cell !== null);
        assert.deepEqual(leaves(found).map(textOf).sort(), [...own, ...cells].map(textOf).sort());
      }
    }),
    RUNS,
  );
});
