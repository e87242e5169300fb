import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { type Batch, cellAt } from '../../../columnar/batch.js';
import { ParquetColumns } from '../../../sinks/parquet/parquet-columns.js';
import { encodeParquet } from '../../../sinks/parquet/parquet-encoder.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { anyRecord } from '../any-records.js';

const RUNS = { numRuns: 300 };

/** The records, all of one schema, as one file. */
function encode({ batch, tags }: SinkBatch, times: number, snappy: boolean): ArrayBuffer {
  const rows = new ParquetColumns(batch.schema);
  for (let i = 0; i < times; i++) rows.add(batch);
  const parts: Buffer[] = [];
  encodeParquet({ stream: batch.stream, tags, rows, metadata: {} }, snappy, (bytes) => parts.push(Buffer.from(bytes)));
  return new Uint8Array(Buffer.concat(parts)).buffer;
}

/** UTF-8 has no lone surrogates. */
function wellFormed(cell: unknown): unknown {
  return typeof cell === 'string' ? Buffer.from(cell).toString() : cell;
}

/** A cell as hyparquet gives it: integers of 64 bits as bigints. */
function expected(batch: Batch, column: number, row: number): unknown {
  const { type, scale, offset } = batch.schema.fields[column]!;
  const cell = cellAt(batch, column, row);
  const isLong = type === 'i64' && scale === 1 && offset === 0;
  return cell !== null && isLong ? BigInt(cell as number | bigint) : wellFormed(cell);
}

test('Whatever columns, tags and texts are, an independent reader finds every cell at its column, and times to the microsecond.', async () => {
  await fc.assert(
    fc.asyncProperty(anyRecord, fc.integer({ min: 1, max: 3 }), fc.boolean(), async (record, times, snappy) => {
      const { batch, tags } = record;
      const file = encode(record, times, snappy);
      const { schema, num_rows } = parquetMetadata(file);
      assert.equal(num_rows, BigInt(times * batch.rows));
      const names = schema.slice(1).map(({ name }) => name);
      const written = Object.keys(tags).filter((tag) => batch.schema.indexOf(tag) < 0);
      const first = 2 + written.length;
      assert.equal(names.length, first + batch.schema.fields.length);
      assert.equal(new Set(names).size, names.length, 'each name once');
      const rows = await parquetReadObjects({
        file,
        utf8: true,
        parsers: { timestampFromMicroseconds: (us: bigint) => us as never },
      });
      assert.equal(rows.length, times * batch.rows);
      for (const [i, found] of rows.entries()) {
        const row = i % batch.rows;
        assert.equal(found.stream, batch.stream);
        assert.equal(found.time, BigInt(batch.timeUs[row]!));
        written.forEach((tag, t) => {
          assert.equal(found[names[2 + t]!], wellFormed(tags[tag]));
        });
        batch.schema.fields.forEach((_, column) => {
          const name = names[first + column]!;
          const cell = found[name] ?? null;
          const wanted = expected(batch, column, row);
          assert.ok(Object.is(cell, wanted), `${JSON.stringify(name)}: ${String(cell)}, not ${String(wanted)}`);
        });
      }
    }),
    RUNS,
  );
});
