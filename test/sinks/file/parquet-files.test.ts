import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { field, Schema } from '../../../columnar/schema.js';
import { FileSink } from '../../../sinks/file/file-sink.js';
import type { FileSinkOptions } from '../../../sinks/file/file-sink-options.js';
import type { Position, SinkBatch } from '../../../sinks/sink.js';
import { seeded, workload } from '../../contract/sink-workload.js';
import { record, START_US, temporary } from './helpers.js';
import { filesBelow, query } from './under-test.js';

type Options = Omit<FileSinkOptions, 'path' | 'format'>;

async function run(
  path: string,
  options: Options,
  batches: readonly SinkBatch[],
  step: () => number,
  force = true,
): Promise<Position[]> {
  const sink = new FileSink('local', { path, format: 'parquet', ...options });
  await sink.open();
  for (let at = 0; at < batches.length; ) {
    const count = step();
    await sink.write(batches.slice(at, at + count));
    at += count;
  }
  const positions = await sink.flush(force);
  await sink.close();
  return positions;
}

const tick = (offset: number): SinkBatch => record('', offset, {});

test('DuckDB reads every column with its type, the time as a timestamp, and nulls as nulls', async (t) => {
  const path = temporary(t);
  const batch = record(
    'car/44/imu',
    3,
    {
      f: ['f64', -0, null],
      g: ['f32', Math.fround(0.1), Number.NaN],
      i: ['i64', -(2n ** 63n), 2n ** 63n - 1n],
      j: ['i32', -1, 2147483647],
      k: ['i16', -32768, 32767],
      l: ['u8', 0, 255],
      b: ['bool', 1, null],
      s: ['utf8', '', 'é🏁\0"'],
      time: ['f64', 1, 2],
    },
    { tags: { car: '44', s: 'lost' }, partition: 7 },
  );
  await run(path, {}, [batch], () => 1);
  const file = join(path, 'car/44/imu/partition=7/0000000000000003.parquet');
  const types = await query(
    `SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('${file}', hive_partitioning = false))`,
  );
  assert.deepEqual(
    types.map((row) => [row.column_name, row.column_type]),
    [
      ['stream', 'VARCHAR'],
      ['time', 'TIMESTAMP WITH TIME ZONE'],
      ['car', 'VARCHAR'],
      ['f', 'DOUBLE'],
      ['g', 'FLOAT'],
      ['i', 'BIGINT'],
      ['j', 'INTEGER'],
      ['k', 'SMALLINT'],
      ['l', 'UTINYINT'],
      ['b', 'BOOLEAN'],
      ['s', 'VARCHAR'],
      ['time_', 'DOUBLE'],
    ],
  );
  const rows = await query(
    `SELECT * REPLACE (epoch_us(time) AS time) FROM read_parquet('${file}', hive_partitioning = false)`,
  );
  assert.deepEqual(rows, [
    {
      stream: 'car/44/imu',
      time: BigInt(START_US + 3e5),
      car: '44',
      f: -0,
      g: Math.fround(0.1),
      i: -(2n ** 63n),
      j: -1,
      k: -32768,
      l: 0,
      b: true,
      s: '',
      time_: 1,
    },
    {
      stream: 'car/44/imu',
      time: BigInt(START_US + 3e5 + 1),
      car: '44',
      f: null,
      g: Number.NaN,
      i: 2n ** 63n - 1n,
      j: 2147483647,
      k: 32767,
      l: 255,
      b: null,
      s: 'é🏁\0"',
      time_: 2,
    },
  ]);
});

test('large files of several row groups hold every cell, with either compression', async (t) => {
  const random = seeded(5);
  const rows = 50_000;
  const texts = Array.from({ length: 40_000 }, (_, i) => `text ${i}`);
  const schema = new Schema([
    field('x', 'f64'),
    field('few', 'utf8'),
    field('many', 'utf8'),
    field('raw', 'i16', 0.5, -3),
    field('sparse', 'f32'),
  ]);
  const batches = Array.from(
    { length: 6 },
    (_, n): SinkBatch => ({
      batch: {
        stream: 'big',
        schema,
        rows,
        timeUs: Float64Array.from({ length: rows }, (_, i) => START_US + (n * rows + i) * 1000),
        columns: [
          { values: Float64Array.from({ length: rows }, random), nulls: null, dictionary: null },
          {
            values: Int32Array.from({ length: rows }, (_, i) => i % 300),
            nulls: null,
            dictionary: texts.slice(n, n + 300),
          },
          {
            values: Int32Array.from({ length: rows }, (_, i) => i % 40_000),
            nulls: null,
            dictionary: texts.map((text) => `${n} ${text}`),
          },
          { values: Int16Array.from({ length: rows }, (_, i) => i % 1000), nulls: null, dictionary: null },
          {
            values: Float32Array.from({ length: rows }, (_, i) => i),
            nulls: new Uint8Array(rows / 8).fill(0b10110101),
            dictionary: null,
          },
        ],
      },
      topic: 'telemetry',
      partition: 0,
      offset: n,
      key: '',
      tags: {},
      receivedUs: START_US,
    }),
  );
  let sum = 0;
  for (const { batch } of batches) for (const value of batch.columns[0]!.values as Float64Array) sum += value;
  for (const compression of ['snappy', 'none'] as const) {
    const path = temporary(t);
    await run(path, { compression }, batches, () => 2);
    assert.equal(filesBelow(path, '.parquet').length, 1);
    const [row] = await query(
      `SELECT count(*) n, fsum(x) x, count(DISTINCT few) few, count(DISTINCT many) many, sum(raw) raw, count(sparse) sparse, sum(sparse) total,
       count(*) FILTER (many != ((epoch_us(time) - ${START_US}) // 1000 // ${rows}) || ' text ' || ((epoch_us(time) - ${START_US}) // 1000 % ${rows} % 40000)) wrong
       FROM read_parquet('${path}/big/*/*.parquet')`,
    );
    const kept = Array.from({ length: rows }, (_, i) => i).filter((i) => !(0b10110101 & (1 << (i & 7))));
    assert.ok(Math.abs((row!.x as number) - sum) < 1e-6);
    assert.deepEqual(
      { ...row, x: 0, raw: row!.raw, total: row!.total },
      {
        n: 300_000n,
        x: 0,
        few: 305n,
        many: 240_000n,
        raw: 300_000 * (499.5 / 2 - 3),
        sparse: BigInt(kept.length * 6),
        total: kept.reduce((a, i) => a + i, 0) * 6,
        wrong: 0n,
      },
    );
    const [statistics] = await query(
      `SELECT count(*) n, min(stats_min_value::DOUBLE) low, max(stats_max_value::DOUBLE) high FROM parquet_metadata('${path}/big/partition=0/0000000000000000.parquet') WHERE path_in_schema = 'raw'`,
    );
    assert.deepEqual(statistics, { n: 3n, low: -3, high: 496.5 });
  }
});

test('the same records make the same files, byte for byte, however they are fed and replayed', async (t) => {
  const options: Options = { roll: { rows: 60, sizeBytes: 9_000, everyUs: 2e6 } };
  const batches = workload(21, 800);
  const random = seeded(3);
  const [whole, singly, restarted] = [temporary(t), temporary(t), temporary(t)];
  await run(whole, options, batches, () => batches.length);
  await run(singly, options, batches, () => 1);
  let next = new Map<number, number>();
  for (let end = 100; end <= 800; end += 100) {
    const part = batches.slice(0, end).filter((b) => b.offset >= (next.get(b.partition) ?? 0));
    const positions = await run(restarted, options, part, () => 1 + Math.floor(random() * 30), end === 800);
    next = new Map(positions.map((p) => [p.partition, p.offset]));
  }
  const content = (path: string): Record<string, string> =>
    Object.fromEntries(filesBelow(path, '.parquet').map((file) => [file, readFileSync(join(path, file), 'base64')]));
  assert.ok(filesBelow(whole, '.parquet').length > 100);
  assert.deepEqual(content(singly), content(whole));
  assert.deepEqual(content(restarted), content(whole));
});

test('a file is closed by rows, bytes, age of its partition and changed columns, and only then', async (t) => {
  const files = async (roll: FileSinkOptions['roll'], batches: SinkBatch[]): Promise<string[]> => {
    const path = temporary(t);
    await run(path, { roll }, batches, () => 1, false);
    return filesBelow(path, '.parquet').map((file) => `${file.split('/')[0]}:${Number(file.slice(-24, -8))}`);
  };
  const rows = [0, 1, 2, 3, 4].map((i) => record('s', i, { x: ['f64', i, i] }));
  assert.deepEqual(await files({ everyUs: Infinity }, rows), []);
  assert.deepEqual(await files({ everyUs: Infinity, rows: 4 }, rows), ['s:0', 's:2']);
  assert.deepEqual(await files({ everyUs: Infinity, sizeBytes: 33 }, rows), ['s:0', 's:2']);
  assert.deepEqual(await files({ everyUs: 2e6 }, rows), ['s:0', 's:2']);
  assert.deepEqual(await files({ everyUs: 3e6 }, [rows[0]!, record('other', 1, { x: ['f64', 1] }), tick(4)]), [
    'other:1',
    's:0',
  ]);
  assert.deepEqual(
    await files({}, [
      rows[0]!,
      record('s', 1, { y: ['f64', 1] }),
      record('s', 2, { y: ['f64', 1] }, { tags: { a: '1' } }),
    ]),
    ['s:0', 's:1'],
  );
});

test('the position of a partition is the first row that is in no file, and moves on when the last file is closed', async (t) => {
  const path = temporary(t);
  const sink = new FileSink('local', { path, format: 'parquet', roll: { rows: 2, everyUs: 10e6 } });
  await sink.open();
  await sink.write([
    record('slow', 5, { x: ['f64', 1] }),
    record('fast', 6, { x: ['f64', 1, 2] }),
    record('fast', 7, { x: ['f64', 1, 2] }),
  ]);
  assert.deepEqual(await sink.flush(false), [{ topic: 'telemetry', partition: 0, offset: 5 }]);
  await sink.write([tick(15)]);
  assert.deepEqual(await sink.flush(false), [{ topic: 'telemetry', partition: 0, offset: 16 }]);
  assert.equal(filesBelow(path, '.parquet').length, 3);
  await sink.close();
});

test('rows held in memory stay below the bound, and closing the largest files early loses none', async (t) => {
  const path = temporary(t);
  const batches = Array.from({ length: 400 }, (_, i) =>
    record(`s${i % 40}`, i, { x: ['f64', ...new Array<number>(100).fill(i)] }),
  );
  await run(path, { memoryBytes: 100_000 }, batches, () => 400, false);
  const [early] = await query(`SELECT count(*) n FROM read_parquet('${path}/*/*/*.parquet')`);
  assert.ok(Number(early!.n) * 16 > 40_000 * 16 - 100_000, `only ${early!.n} of 40000 rows are in files`);
  await run(path, {}, batches, () => 50);
  const [all] = await query(
    `SELECT count(*) n, count(DISTINCT time) distinct_n, sum(x) x FROM read_parquet('${path}/*/*/*.parquet')`,
  );
  assert.deepEqual(all, { n: 40_000n, distinct_n: 40_000n, x: 100 * 399 * 200 });
});

test('open finishes what a crash left between the journal and the rename, and removes what was never closed', async (t) => {
  const path = temporary(t);
  await run(path, {}, [record('s', 0, { x: ['f64', 1] })], () => 1);
  const sink = new FileSink('local', { path, format: 'parquet' });
  await sink.open();
  await sink.write([record('s', 1, { x: ['f64', 2] })]);
  await sink.flush(true);
  await sink.close();
  const fresh = join(path, '.pitwall/local/new');
  const closed = join(path, 's/partition=0/0000000000000001.parquet');
  const id = 2;
  renameSync(closed, join(fresh, String(id)));
  const unknown = join(fresh, '99');
  renameSync(join(path, 's/partition=0/0000000000000000.parquet'), unknown);
  await run(path, {}, [record('s', 1, { x: ['f64', 2] })], () => 1);
  assert.deepEqual(readdirSync(fresh), []);
  assert.ok(existsSync(closed) && !existsSync(unknown));
});
