import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, rangesOf } from '../../../sinks/s3/audit.js';
import { type ObjectRange, objectKey, parseKey, sourceOf } from '../../../sinks/s3/object-name.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { TestBucket } from './bucket.js';
import { LOG, sinkOf } from './feed.js';

const source = sourceOf(LOG, 'car/1/imu');
const at = (offset: number, row = 0) => ({ offset, row });

function keyOf(range: Partial<ObjectRange>): string {
  const whole = { folder: 'a/hour=1', partition: 0, source, first: at(0), last: at(0), previous: null, ...range };
  return objectKey(whole, 'parquet');
}

test('A key is read as the range that it was made of, and no other key is one.', () => {
  const range = {
    folder: 'p/a/hour=1',
    partition: 7,
    source,
    first: at(3, 5),
    last: at(2 ** 53 - 1, 1 << 20),
    previous: at(1, 2),
  };
  for (const extension of ['parquet', 'jsonl', 'jsonl.gz', 'avro']) {
    assert.deepEqual(parseKey(objectKey(range, extension)), range);
    assert.deepEqual(parseKey(objectKey({ ...range, previous: null }, extension)), { ...range, previous: null });
  }
  for (const key of ['', 'a.parquet', 'p/partition=0/x.parquet', keyOf({}).replace('.parquet', '.csv')]) {
    assert.equal(parseKey(key), null, key);
  }
});

test('Objects that follow one another are right, also where a record is in two of them or folders cross.', () => {
  const keys = [
    keyOf({ first: at(1), last: at(4, 9) }),
    keyOf({ first: at(4, 10), last: at(9), previous: at(1) }),
    keyOf({ folder: 'a/hour=2', first: at(6), last: at(12), previous: at(4, 10) }),
    keyOf({ first: at(1), last: at(12), source: sourceOf(LOG, 'car/2/imu') }),
    keyOf({ first: at(1), last: at(12), partition: 1 }),
    '_pitwall/raw/0123456789/partition-0.json',
  ];
  const ranges = rangesOf(keys);
  assert.deepEqual(
    ranges.map(({ objects }) => objects.length),
    [3, 1, 1],
  );
  assert.deepEqual(faultsOf(ranges), []);
});

test('Objects of a folder that have rows in common, and objects that are missing, are found from names alone.', () => {
  const [a, b, c, d] = [
    keyOf({ first: at(1), last: at(9, 3) }),
    keyOf({ first: at(2), last: at(3), previous: at(1) }),
    keyOf({ first: at(9, 3), last: at(12), previous: at(2) }),
    keyOf({ folder: 'a/hour=2', first: at(20), last: at(30), previous: at(15) }),
  ] as [string, string, string, string];
  assert.deepEqual(faultsOf(rangesOf([d, c, b, a])), [
    { kind: 'overlap', source, partition: 0, keys: [a, b] },
    { kind: 'overlap', source, partition: 0, keys: [a, c] },
    { kind: 'gap', source, partition: 0, key: d, first: at(15) },
  ]);
});

test(
  'What the sink writes through crashes and lost journals has no gap and no overlap, and an object that is taken away leaves one.',
  await s3.needsShared(),
  async () => {
    const bucket = await new TestBucket(await s3.shared(), 'sink-audit').make();
    const prefix = uniqueName('t');
    const batches = workload(51, 400);
    const options = bucket.options(prefix, { roll: { sizeBytes: 20_000, rows: 60, everyUs: 2e6 } });
    for (const [end, force] of [
      [150, false],
      [230, true],
      [400, true],
    ] as const) {
      // Each without the journal of the one before.
      const sink = sinkOf(options);
      await sink.open();
      await sink.write(batches.slice(0, end) as SinkBatch[]);
      await sink.flush(force);
      await sink.close();
    }
    const keys = await bucket.keys(prefix);
    assert.ok(keys.length > 30);
    assert.deepEqual(faultsOf(rangesOf(keys)), []);
    const longest = rangesOf(keys).sort((a, b) => b.objects.length - a.objects.length)[0]!;
    const taken = longest.objects[1]!.key;
    const faults = faultsOf(rangesOf(keys.filter((key) => key !== taken)));
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      ['gap'],
    );
  },
);
