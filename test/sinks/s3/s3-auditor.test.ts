import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { findFaults } from '../../../sinks/s3/audit.js';
import { streamHash, streamHashOf } from '../../../sinks/s3/object-name.js';
import { PathTemplate } from '../../../sinks/s3/path-template.js';
import { S3Auditor } from '../../../sinks/s3/s3-auditor.js';
import type { S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { audited, wrongOf } from '../audited.js';
import { TestBucket } from './bucket.js';
import { feed, recordOf, START_US } from './feed.js';

const needed = await s3.needsShared();
const HOUR_US = 3_600_000_000;
const STREAM = 'car/1/stream 1';

async function bucketOf(): Promise<TestBucket> {
  return new TestBucket(await s3.shared(), 'sink-auditor').make();
}

function auditorOf(t: TestContext, options: S3SinkOptions): S3Auditor {
  const auditor = new S3Auditor(options);
  t.after(() => auditor.close());
  return auditor;
}

const FORMATS: [string, Partial<S3SinkOptions>][] = [
  ['Parquet', { format: 'parquet' }],
  ['JSON lines', { format: 'jsonl', compression: 'none' }],
  ['compressed JSON lines', { format: 'jsonl', compression: 'gzip' }],
  ['Avro', { format: 'avro', compression: 'gzip' }],
];

for (const [name, format] of FORMATS) {
  test(
    `Of objects of ${name} the audit finds each row, and which of a stream are gone, twice there, or unreadable.`,
    needed,
    async (t) => {
      const bucket = await bucketOf();
      const prefix = uniqueName('t');
      const options = bucket.options(prefix, { ...format, roll: { sizeBytes: 1 << 20, rows: 40, everyUs: 60e6 } });
      const batches = workload(52, 200);
      await feed(options, batches);
      assert.deepEqual(wrongOf(await audited(auditorOf(t, options), batches)), []);

      const keys = (await bucket.keys(prefix)).filter((key) => streamHashOf(key) === streamHash(STREAM)).sort();
      assert.ok(keys.length >= 4, String(keys.length));
      const [, gone, doubled, broken] = keys as [string, string, string, string];
      const rowsOf = async (key: string) => Number((await bucket.get(key)).metadata.rows);
      const [goneRows, doubledRows, brokenRows] = [await rowsOf(gone), await rowsOf(doubled), await rowsOf(broken)];
      // As another sink at the same place would have it.
      const other = doubled.replace(/\/([0-9a-f]{6})([0-9a-f]{10})-/, '/ffffff$2-');
      assert.notEqual(other, doubled);
      await bucket.delete(gone);
      await bucket.put(other, (await bucket.get(doubled)).bytes);
      await bucket.put(broken, randomBytes(300));
      const { ledgers, faults } = await audited(auditorOf(t, options), batches);
      const { lost, duplicated } = ledgers.get(STREAM)!;
      assert.deepEqual({ lost, duplicated }, { lost: goneRows + brokenRows, duplicated: doubledRows });
      const others = [...ledgers.values()].filter(({ stream }) => stream !== STREAM);
      assert.deepEqual(
        others.filter((each) => each.lost || each.duplicated),
        [],
      );
      // Lines without a row are none.
      const said = faults.filter((fault) => !fault.startsWith(`${broken} cannot be read: `));
      assert.equal(faults.length - said.length, format.compression === 'none' ? 0 : 1, faults.join('\n'));
      assert.equal(said.length, 1, faults.join('\n'));
      assert.match(said[0]!, /^an object is missing before .*, that with the row \d+ of offset \d+ as its first$/);
    },
  );
}

/** A way to the store that notes the requests, as `METHOD PATH?QUERY`, with their ranges; `isCut` ends answers in their middle. */
async function noted(
  t: TestContext,
  options: S3SinkOptions,
  isCut: (url: string) => boolean = () => false,
): Promise<{ options: S3SinkOptions; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((incoming, answer) => {
    const { method, url, headers } = incoming;
    requests.push(`${method} ${decodeURIComponent(url!)} ${headers.range ?? ''}`.trim());
    const outgoing = request(`${options.endpoint}${url}`, { method, headers }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      if (!isCut(url!)) response.pipe(answer);
      else response.once('data', (piece: Buffer) => answer.write(piece.subarray(0, 100), () => answer.destroy()));
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { options: { ...options, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, requests };
}

test(
  'The audit of one stream lists and reads no other, and of large Parquet objects only the column of times.',
  needed,
  async (t) => {
    const bucket = await bucketOf();
    const prefix = uniqueName('t');
    const options = bucket.options(prefix, { compression: 'none' });
    const rows = 140_000;
    const times = Array.from({ length: rows }, (_, i) => START_US + i * 1000);
    const noise = Array.from({ length: rows }, (_, i) => Math.sin(i));
    const [large, small] = ['car/1/imu', 'car/2/imu'].map((stream, i) =>
      recordOf(i, stream, i === 0 ? times : times.slice(0, 10), {
        'ax f64': i === 0 ? noise : noise.slice(0, 10),
        'ay f64': i === 0 ? noise : noise.slice(0, 10),
      }),
    ) as [SinkBatch, SinkBatch];
    await feed(options, [large, small]);
    const { options: through, requests } = await noted(t, options);
    assert.deepEqual(wrongOf(await audited(auditorOf(t, through), [large, small], ['car/1/imu'])), []);
    const lists = requests.filter((each) => each.includes('list-type=2'));
    assert.ok(
      lists.length > 0 && lists.every((each) => each.includes(`prefix=${prefix}/car/1/imu/`)),
      lists.join('\n'),
    );
    const reads = requests.filter((each) => !each.includes('list-type=2'));
    assert.ok(reads.length > 0 && reads.every((each) => each.includes(`/${prefix}/car/1/imu/`)), reads.join('\n'));
    const bytes = reads.map((each) => {
      const [, from, to] = /bytes=(\d+)-(\d+)$/.exec(each)!;
      return Number(to) - Number(from) + 1;
    });
    const read = bytes.reduce((sum, each) => sum + each, 0);
    const keys = (await bucket.keys(prefix)).filter((each) => each.includes('/car/1/imu/'));
    const sizes = await Promise.all(keys.map(async (key) => (await bucket.get(key)).bytes.length));
    const size = sizes.reduce((sum, each) => sum + each);
    // Of three columns, two of eight bytes a row are not wanted.
    assert.ok(read < size - 15 * rows, `${read} bytes of ${size}`);
  },
);

for (const [name, format] of FORMATS) {
  test(
    `A connection that ends in an object of ${name} is a fault of the store, and no row of it counts as lost.`,
    needed,
    async (t) => {
      const bucket = await bucketOf();
      const prefix = uniqueName('t');
      const options = bucket.options(prefix, format);
      const times = Array.from({ length: 2_000 }, (_, i) => START_US + i * 1000);
      const record = recordOf(0, 'car/1/imu', times, { 'ax f64': times.map((_, i) => Math.sin(i)) });
      await feed(options, [record]);
      const isCut = (url: string) => url.includes(`/${prefix}/`);
      const { options: through } = await noted(t, options, isCut);
      const { ledgers, faults } = await audited(auditorOf(t, through), [record]);
      assert.equal(ledgers.get('car/1/imu')!.lost, null);
      assert.equal(faults.length, 1);
      assert.match(faults[0]!, new RegExp(`^s3://\\S+ at \\S+: reading ${prefix}/car/1/imu/\\S+: `));
    },
  );
}

const PATHS = [
  '{stream}/date={date}/hour={hour}',
  'date={date}/{stream}',
  'hour={hour}/{stream}',
  'car={car}/date={date}',
  'car={car}/lap={lap}',
  'all',
  '{lap}/{date}',
];

for (const path of PATHS) {
  test(
    `Objects in folders by ${path} are found, those of midnights too, and those of other days are not read.`,
    needed,
    async (t) => {
      const bucket = await bucketOf();
      const prefix = uniqueName('t');
      const options = bucket.options(prefix, { path });
      const at = (offset: number, car: string, hours: number[]) =>
        recordOf(
          offset,
          `car/${car}/imu`,
          hours.map((hour) => START_US + hour * HOUR_US),
          { 'lap i32': hours.map((hour) => hour % 3) },
          { tags: { car } },
        );
      const early = [at(0, '1', [-72, -50]), at(1, '2', [-60])];
      const late = [at(2, '1', [0, 9, 13, 20, 30]), at(3, '2', [1, 12]), at(4, '1', [35])];
      await feed(options, [...early, ...late]);
      assert.deepEqual(wrongOf(await audited(auditorOf(t, options), [...early, ...late])), []);
      const { options: through, requests } = await noted(t, options);
      const { ledgers, faults } = await audited(auditorOf(t, through), late, ['car/1/imu']);
      const { stored, older } = ledgers.get('car/1/imu')!;
      assert.deepEqual({ stored, older, faults }, { stored: 6, older: 0, faults: [] });
      if (path.startsWith('{stream}') || path.includes('date={date}')) {
        assert.deepEqual(
          requests.filter((each) => each.includes(`/${prefix}/`) && each.includes('2024-03-19')),
          [],
        );
      }
    },
  );
}

test('The keys of a stream are those of its rows, whatever the path, tags and times.', () => {
  const record = recordOf(0, 'car/1/läuft =/.x', [START_US], { 'lap i32': [3] }, { tags: { car: 'a b', team: '' } });
  for (const path of [...PATHS, 'x{stream}y/{car}', '{team}/{stream}/{hour}']) {
    const template = new PathTemplate(path);
    template.cut(record.batch, record.tags, (folder) => {
      const key = `${folder}/partition=0/x.parquet`;
      for (const span of [0, 5 * 60e6, HOUR_US, 24 * HOUR_US, 800 * 24 * HOUR_US]) {
        const times = { fromUs: START_US - span, toUs: START_US + span };
        const { prefix, first, last } = template.keys(record.batch.stream, record.tags, times);
        assert.ok(key.startsWith(prefix), `${key} ${prefix}`);
        if (first !== null) assert.ok(key > first, `${key} ${first}`);
        if (last !== null) assert.ok(key.slice(0, last.length) <= last, `${key} ${last}`);
      }
      assert.ok(key.startsWith(template.keys(record.batch.stream, record.tags, null).prefix));
    });
  }
});

test('Faults are the same however few keys are held at a time.', needed, async () => {
  const bucket = await bucketOf();
  const prefix = uniqueName('t');
  const options = bucket.options(prefix, { format: 'jsonl', roll: { sizeBytes: 1 << 20, rows: 30, everyUs: 60e6 } });
  await feed(options, workload(53, 250));
  const all = (await bucket.keys(prefix)).sort();
  const keys = all.filter((_, i) => i % 4 !== 1);
  let lists = 0;
  const list = async function* () {
    lists++;
    for (const key of keys) yield { key };
  };
  const wanted = new Set((await findFaults(list)).map((fault) => JSON.stringify(fault)));
  assert.ok(wanted.size > 3);
  assert.equal(lists, 1);
  const found = (await findFaults(list, 20)).map((fault) => JSON.stringify(fault));
  assert.equal(found.length, wanted.size);
  assert.deepEqual(new Set(found), wanted);
  assert.ok(lists > 2, `${lists} lists`);
});
