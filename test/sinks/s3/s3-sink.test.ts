import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseKey } from '../../../sinks/s3/object-name.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { type Rows, rowsOf, workload } from '../../contract/sink-workload.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { tempDir } from '../../support/temp-dir.js';
import { query, TestBucket } from './bucket.js';
import { feed, recordOf, START_US, sinkOf, tick } from './feed.js';

const needs = await s3.needsShared();
const small = { sizeBytes: 20_000, rows: 100, everyUs: 5e6 };

async function place(): Promise<{ bucket: TestBucket; prefix: string }> {
  const bucket = await new TestBucket(await s3.shared(), 'sink-tests').make();
  return { bucket, prefix: uniqueName('t') };
}

function assertSameRows(found: Rows, batches: readonly SinkBatch[]): void {
  const plain = (rows: Rows) =>
    [...rows].flatMap(([stream, list]) => list.map((row) => textOf({ ...row, stream }))).sort();
  assert.deepEqual(plain(found), plain(rowsOf(batches)));
}

function textOf(row: Record<string, unknown>): string {
  const names = Object.keys(row).sort();
  return JSON.stringify(names.map((name) => [name, Object.is(row[name], -0) ? '-0' : String(row[name])]));
}

test('A machine without a journal that is fed everything again adds no row.', needs, async () => {
  const { bucket, prefix } = await place();
  const options = bucket.options(prefix, { roll: small });
  const batches = workload(31, 400);
  const first = sinkOf(options);
  await first.open();
  await first.write(batches.slice(0, 300));
  await first.flush(false);
  // It ends without having closed what is open.
  await first.close();
  const before = (await bucket.keys(prefix)).length;
  assert.ok(before > 10);
  await feed(options, batches);
  assertSameRows(await bucket.parquetRows(prefix), batches);
});

test('A partition that was on another machine meanwhile is gone on with as the store has it.', needs, async () => {
  const { bucket, prefix } = await place();
  const options = bucket.options(prefix, { roll: small });
  const batches = workload(32, 300);
  const state = tempDir('s3-state');
  await feed(options, batches.slice(0, 100), state);
  const other = sinkOf(options);
  await other.open();
  await other.write(batches.slice(0, 200));
  await other.flush(true);
  await other.close();
  const back = sinkOf(options, state);
  const positions = await back.open();
  assert.ok(
    positions.every(({ partition, offset }) => offset <= batches.findLast((b) => b.partition === partition)!.offset),
  );
  await back.write(batches);
  await back.flush(true);
  await back.close();
  assertSameRows(await bucket.parquetRows(prefix), batches);
});

test('Objects that a crash left between their writing and the note of it are found again.', needs, async () => {
  const { bucket, prefix } = await place();
  const options = bucket.options(prefix, { roll: small });
  const batches = workload(33, 200);
  const state = tempDir('s3-state');
  const sink = sinkOf(options, state);
  await sink.open();
  await sink.write(batches.slice(0, 150));
  // A forced flush puts borders where the records alone would not have put them.
  await sink.flush(true);
  await sink.close();
  const journal = join(state, 's3', 'objects');
  assert.deepEqual(readdirSync(join(state, 's3')), ['objects']);
  const lines = readFileSync(journal, 'utf8').split('\n');
  const kept = lines.filter((line) => !line.includes('"stored":['));
  assert.ok(kept.length < lines.length);
  writeFileSync(journal, kept.join('\n'));
  const planned = (await bucket.keys(prefix)).sort();
  // One of them never arrived.
  await bucket.delete(planned[0]!);

  const again = sinkOf(options, state);
  assert.deepEqual(await again.open(), []);
  await again.write(batches);
  await again.flush(true);
  await again.close();
  const keys = await bucket.keys(prefix);
  assert.deepEqual(
    planned.filter((key) => !keys.includes(key)),
    [],
    'what was planned is made again under its name',
  );
  assertSameRows(await bucket.parquetRows(prefix), batches);
});

test('The same records make the same objects, however they are fed.', needs, async () => {
  const { bucket, prefix } = await place();
  const batches = workload(34, 500);
  // So little memory that most objects are closed for it.
  const more = { memoryBytes: 90_000, roll: { ...small, rows: 10_000 } };
  await feed(bucket.options(`${prefix}/a`, more), batches);
  const sink = sinkOf(bucket.options(`${prefix}/b`, more));
  await sink.open();
  for (let i = 0; i < batches.length; i += 7) {
    await sink.write(batches.slice(i, i + 7));
    if (i % 3 === 0) await sink.flush(false);
  }
  await sink.flush(true);
  await sink.close();
  const names = async (below: string) =>
    (await bucket.keys(`${prefix}/${below}`)).map((key) => key.slice(prefix.length + 2));
  assert.deepEqual(await names('b'), await names('a'));
});

test('A tick closes what was open for long enough, and nothing else does.', needs, async () => {
  const { bucket, prefix } = await place();
  const sink = sinkOf(bucket.options(prefix, { roll: { ...small, everyUs: 10e6 } }));
  await sink.open();
  await sink.write([recordOf(5, 'a/b', [START_US], { 'x f64': [1] }, { receivedUs: START_US })]);
  assert.deepEqual(await sink.flush(false), [{ topic: 'telemetry@log-1', partition: 0, offset: 5 }]);
  await sink.write([tick(6, START_US + 9_999_999)]);
  assert.equal((await bucket.keys(prefix)).length, 0);
  await sink.write([tick(7, START_US + 10_000_000)]);
  await sink.flush(true);
  assert.equal((await bucket.keys(prefix)).length, 1);
  assert.deepEqual(await sink.flush(false), [{ topic: 'telemetry@log-1', partition: 0, offset: 8 }]);
  await sink.close();
});

const LARGE = { roll: { sizeBytes: 1e9, rows: 1e9, everyUs: 60e6 } };

/** Has the sink look at what there is, and then puts an object where it is about to write its own. */
async function feedAfter(
  bucket: TestBucket,
  prefix: string,
  records: readonly SinkBatch[],
  taken: Parameters<TestBucket['put']>,
): Promise<void> {
  const sink = sinkOf(bucket.options(prefix, LARGE));
  await sink.open();
  await sink.write([tick(0, START_US)]);
  await bucket.put(...taken);
  try {
    await sink.write(records);
    await sink.flush(true);
  } finally {
    await sink.close();
  }
}

test('An object that is there with other rows stays, and stops the branch with its name.', needs, async () => {
  const { bucket, prefix } = await place();
  const records = [recordOf(1, 'a/b', [START_US], { 'x f64': [1] })];
  await feed(bucket.options(`${prefix}/a`), records);
  const [key] = await bucket.keys(`${prefix}/a`);
  const taken = key!.replace('/a/', '/b/');
  const feeding = feedAfter(bucket, `${prefix}/b`, records, [taken, Buffer.from('mine'), { rows: '7' }]);
  await assert.rejects(feeding, (error: Error & { kind?: string }) => {
    assert.equal(error.kind, 'setup');
    assert.ok(error.message.includes(`${taken} is there already, with other rows`), error.message);
    return true;
  });
  assert.equal(Buffer.from((await bucket.get(taken)).bytes).toString(), 'mine');
});

test('Large objects are sent in parts, hold each row once, and not over one that is there.', needs, async () => {
  const { bucket, prefix } = await place();
  const rows = 30_000;
  let at = 1;
  const random = () => (at = (at * 16807) % 2147483647) / 2147483647;
  const records = Array.from({ length: 10 }, (_, offset) => {
    const cells = Object.fromEntries(
      Array.from({ length: 8 }, (_, c) => [`c${c} f64`, Array.from({ length: rows }, random)]),
    );
    const times = Array.from({ length: rows }, (_, i) => START_US + offset * rows * 10 + i * 10);
    return recordOf(offset + 1, 'car/1/raw', times, cells);
  });
  await feed(bucket.options(`${prefix}/a`, LARGE), records);
  const [key, ...others] = await bucket.keys(`${prefix}/a`);
  assert.deepEqual(others, []);
  const { bytes, metadata } = await bucket.get(key!);
  assert.ok(bytes.length > 17e6, `${bytes.length} bytes`);
  assert.equal(metadata.rows, String(10 * rows));
  const file = join(tempDir('s3-object'), 'rows.parquet');
  writeFileSync(file, bytes);
  const [found] = await query(`SELECT count(*) AS n, count(DISTINCT time) AS times FROM '${file}'`);
  assert.deepEqual(found, { n: BigInt(10 * rows), times: BigInt(10 * rows) });

  const there = key!.replace('/a/', '/b/');
  await feedAfter(bucket, `${prefix}/b`, records, [there, Buffer.from('the same rows'), metadata]);
  assert.equal(Buffer.from((await bucket.get(there)).bytes).toString(), 'the same rows');
});

test('Names and metadata of objects say where their rows come from.', needs, async () => {
  const { bucket, prefix } = await place();
  const time = [START_US, START_US + 1];
  await feed(bucket.options(prefix, { roll: { ...small, rows: 2 } }), [
    recordOf(3, 'car/ü/imu', time, { 'x f64': [1, 2] }),
    recordOf(9, 'car/ü/imu', time, { 'x f64': [3, null] }),
  ]);
  const keys = await bucket.keys(prefix);
  assert.deepEqual(
    keys.map((key) => parseKey(key)).map((range) => [range?.first, range?.last, range?.previous]),
    [
      [{ offset: 3, row: 0 }, { offset: 3, row: 1 }, null],
      [
        { offset: 9, row: 0 },
        { offset: 9, row: 1 },
        { offset: 3, row: 0 },
      ],
    ],
  );
  assert.ok(keys[0]!.startsWith(`${prefix}/car/%C3%BC/imu/date=2024-03-22/hour=12/partition=0/`), keys[0]);
  const { pitwall, schema, ...metadata } = (await bucket.get(keys[1]!)).metadata;
  assert.match(pitwall!, /^\d+\.\d+\.\d+/);
  assert.match(schema!, /^\d+$/);
  assert.deepEqual(metadata, {
    topic: 'telemetry@log-1',
    partition: '0',
    first: '0000000000000009.0000000',
    last: '0000000000000009.0000001',
    stream: 'car/%C3%BC/imu',
    rows: '2',
    columns: 'x',
  });
});
