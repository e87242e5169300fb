import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { parseKey } from '../../../sinks/s3/object-name.js';
import { PathTemplate, pathTemplateFault } from '../../../sinks/s3/path-template.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { query, TestBucket } from './bucket.js';
import { feed, recordOf, START_US } from './feed.js';

const needs = await s3.needsShared();
const HOUR_US = 3600e6;

async function place(): Promise<{ bucket: TestBucket; prefix: string }> {
  const bucket = await new TestBucket(await s3.shared(), 'sink-paths').make();
  return { bucket, prefix: uniqueName('t') };
}

/** Folders of a batch's runs, with how many rows each has. */
function foldersOf(template: string, { batch, tags }: SinkBatch): [string, number][] {
  const folders: [string, number][] = [];
  new PathTemplate(template).cut(batch, tags, (folder, from, to) => folders.push([folder, to - from]));
  return folders;
}

test('Folders hold the stream, the hour, tags and columns, and rows go where theirs are.', () => {
  const at = (minutes: number) => START_US + minutes * 60e6;
  const cells = {
    'lap i32': [1, 1, 2, null, 2],
    'note utf8': ['a/b', 'a/b', 'ü =', '', 'x'],
    'ok bool': [true, true, true, false, true],
  };
  const record = recordOf(0, 'car/4 4/imu', [at(0), at(1), at(2), at(61), at(62)], cells, { tags: { car: '4 4' } });
  assert.deepEqual(foldersOf('{stream}/date={date}/hour={hour}', record), [
    ['car/4%204/imu/date=2024-03-22/hour=12', 1],
    ['car/4%204/imu/date=2024-03-22/hour=13', 2],
    ['car/4%204/imu/date=2024-03-22/hour=14', 2],
  ]);
  assert.deepEqual(foldersOf('car={car}/lap={lap}', record), [
    ['car=4%204/lap=1', 2],
    ['car=4%204/lap=2', 1],
    ['car=4%204/lap=__HIVE_DEFAULT_PARTITION__', 1],
    ['car=4%204/lap=2', 1],
  ]);
  assert.deepEqual(
    foldersOf('n={note}', record).map(([folder]) => folder),
    ['n=a%2Fb', 'n=a%2Fb', 'n=%C3%BC%20%3D', 'n=__HIVE_DEFAULT_PARTITION__', 'n=x'],
  );
  assert.deepEqual(foldersOf('{session}', record), [['__HIVE_DEFAULT_PARTITION__', 5]]);
});

test('No stream comes into the folder of another, is hidden, or looks like a partition.', () => {
  const folder = (stream: string) => foldersOf('{stream}', recordOf(0, stream, [0], { 'x f64': [1] }))[0]![0];
  assert.equal(folder('_a/.b/c=1'), '%5Fa/%2Eb/c%3D1');
  assert.equal(folder('../x'), '%2E./x');
  const long = 'ü'.repeat(250);
  assert.notEqual(folder(long), folder(`${long}x`));
  assert.ok(folder(long).length <= 160);
  assert.match(folder(long), /^(%C3%BC)+~[0-9a-f]{16}$/);
  const deep = Array.from({ length: 30 }, () => 'üüüüüüü').join('/');
  assert.ok(folder(deep).length <= 400);
  assert.match(folder(deep), /[^/]~[0-9a-f]{16}$/);
});

test('What is no template is refused with the reason.', () => {
  for (const template of ['{stream}/date={date}', 'a=1/{x}', 'x']) assert.equal(pathTemplateFault(template), null);
  for (const template of ['', '/a', 'a/', 'a//b', '{a', 'a}', '{a b}', 'ü', 'partition=1', '../a', '_pitwall/a']) {
    assert.notEqual(pathTemplateFault(template), null, template);
  }
});

test('Streams of which one is called like a folder of the other are both stored.', needs, async () => {
  const { bucket, prefix } = await place();
  const streams = ['a', 'a/b', 'a/b/partition=0', 'a/b/date=2024-03-22'];
  await feed(
    bucket.options(prefix),
    streams.map((stream, offset) => recordOf(offset, stream, [START_US], { 'x f64': [1] })),
  );
  assert.deepEqual([...(await bucket.parquetRows(prefix)).keys()].sort(), [...streams].sort());
});

test(
  'DuckDB reads the values of the folders, also those with odd characters, and only the files it needs.',
  needs,
  async () => {
    const { bucket, prefix } = await place();
    const cars = ['44', 'a b/ü=1%&', "o'neil"];
    const records = cars.flatMap((car, c) =>
      [0, 1, 2].map((hour) => {
        const times = [0, 1, 2].map((i) => START_US + hour * HOUR_US + i);
        return recordOf(
          c * 3 + hour,
          `car/${c}/gps`,
          times,
          { 'lap i32': [1, 1, 2], 'speed f64': [c, 1, 2] },
          { tags: { car } },
        );
      }),
    );
    await feed(bucket.options(prefix, { path: 'car={car}/hour={hour}/lap={lap}' }), records);
    await bucket.downloaded(prefix, async (folder, keys) => {
      assert.equal(keys.length, 18);
      const files = `read_parquet('${folder}/**/*.parquet', hive_partitioning = true, hive_types = {'car': VARCHAR})`;
      const counts = await query(`SELECT car, count(*) AS n FROM ${files} GROUP BY car ORDER BY car`);
      assert.deepEqual(
        counts,
        [...cars].sort().map((car) => ({ car, n: 9n })),
      );
      const where = `car = 'a b/ü=1%&' AND hour = 13 AND lap = 2`;
      assert.deepEqual(await query(`SELECT count(*) AS n FROM ${files} WHERE ${where}`), [{ n: 1n }]);
      const [plan] = await query(`EXPLAIN ANALYZE SELECT sum(speed) FROM ${files} WHERE ${where}`);
      assert.match(String(Object.values(plan!).join()), /Scanning Files: 1\/18|Total Files Read: 1\b/);
    });
  },
);

test(
  'Rows are sorted by time, and each row group says what it holds, so that readers pass over the others.',
  needs,
  async () => {
    const { bucket, prefix } = await place();
    const rows = 70_000;
    // Every second record is older than the one before.
    const records = [1, 0, 3, 2].map((part, offset) => {
      const times = Array.from({ length: rows }, (_, i) => START_US + (part * rows + i) * 100);
      const speeds = Array.from({ length: rows }, (_, i) => part * rows + i);
      return recordOf(offset, 'car/1/raw', times, { 'speed f64': speeds });
    });
    await feed(bucket.options(prefix, { path: '{stream}' }), records);
    await bucket.downloaded(prefix, async (folder, keys) => {
      assert.equal(keys.length, 1);
      const file = `'${folder}/${keys[0]}'`;
      const unsorted = await query(
        `SELECT count(*) AS n FROM (SELECT time, lag(time) OVER (ORDER BY file_row_number) AS before
       FROM read_parquet(${file}, file_row_number = true)) WHERE time < before`,
      );
      assert.deepEqual(unsorted, [{ n: 0n }]);
      const groups = await query(
        `SELECT row_group_id AS id, path_in_schema AS name, stats_min_value AS least, stats_max_value AS most
       FROM parquet_metadata(${file}) WHERE path_in_schema IN ('time', 'speed') ORDER BY name, id`,
      );
      assert.equal(groups.length, 6);
      const speeds = groups.filter(({ name }) => name === 'speed');
      assert.deepEqual(
        speeds.map(({ least, most }) => [Number(least) + 0, Number(most)]),
        [
          [0, 131_071],
          [131_072, 262_143],
          [262_144, 279_999],
        ],
      );
      const times = groups
        .filter(({ name }) => name === 'time')
        .map(({ least, most }) => [String(least), String(most)]);
      assert.ok(times[0]![1]! < times[1]![0]! && times[1]![1]! < times[2]![0]!, JSON.stringify(times));
    });
  },
);

test('Avro objects are read by plain avsc, with times to the microsecond and nulls.', needs, async () => {
  const { bucket, prefix } = await place();
  const cells = { 'gps.lat f64': [1.5, null, 1e308], 'n i64': [1n, 2n, null], 'note utf8': ['ü "x"', null, '\n'] };
  for (const compression of ['gzip', 'none'] as const) {
    const at = `${prefix}/${compression}`;
    const records = [
      recordOf(0, 'car/1/gps', [START_US + 3, START_US + 1, START_US + 2], cells, { tags: { car: '1' } }),
    ];
    await feed(bucket.options(at, { format: 'avro', compression }), records);
    const [key] = await bucket.keys(at);
    assert.equal(parseKey(key!)?.last.row, 2);
    const decoder = new avro.streams.BlockDecoder();
    const found: Record<string, unknown>[] = [];
    decoder.on('data', (row) => found.push({ ...row }));
    const ended = new Promise((resolve) => decoder.on('end', resolve));
    decoder.end(Buffer.from((await bucket.get(key!)).bytes));
    await ended;
    const own = { stream: 'car/1/gps', car: '1' };
    assert.deepEqual(found, [
      { ...own, time: START_US + 1, gps_lat: null, n: 2, note: null },
      { ...own, time: START_US + 2, gps_lat: 1e308, n: null, note: '\n' },
      { ...own, time: START_US + 3, gps_lat: 1.5, n: 1, note: 'ü "x"' },
    ]);
  }
});
