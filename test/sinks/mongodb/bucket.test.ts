import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Document } from 'mongodb';
import { field } from '../../../columnar/schema.js';
import { rowsOf, seeded, workload } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { documentsOf, rowsOfBuckets, withMongo } from './mongo-rows.js';
import { recordOf, START_US, TOPIC } from './record-of.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { startSink } from './start-sink.js';

const needed = await mongodb.needsShared();
const n = field('n', 'f64');
const second = 1_000_000;
/** The stamps of records begin at this one of 12:38:31.123. */
const START = new Date('2024-03-22T12:38:31Z');

const bucketOptions = (url: string, collection: string) =>
  optionsOf(url, collection, { mode: 'bucket', bucketUs: second });

const byId = (documents: Document[]) => documents.sort((a, b) => (a._id < b._id ? -1 : 1));

test('A bucket has an array a column, all of one length, also where columns come and go.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('arrays');
  const { store } = await startSink(t, { options: bucketOptions(url, collection) });
  await store(
    recordOf({
      offset: 4,
      times: [0, 1],
      columns: [
        [n, [1, null]],
        [field('gps.lat', 'i32'), [10, 11]],
      ],
    }),
  );
  await store(
    recordOf({
      offset: 5,
      times: [2, second],
      columns: [
        [field('gps.lat', 'i32'), [12, 13]],
        [field('note', 'utf8'), ['läuft', '']],
      ],
    }),
  );
  const [first, next] = byId(await documentsOf(url, DATABASE, collection));
  const { _state, ...shown } = first!;
  assert.deepEqual(shown, {
    _id: 'car/44/imu/2024-03-22T12:38:31Z/0',
    time: START,
    stream: 'car/44/imu',
    car: '44',
    count: 3,
    timeUs: [0, 1, 2].map((us) => BigInt(START_US + us)),
    n: [1, null, null],
    gps: { lat: [10, 11, 12] },
    note: [null, null, 'läuft'],
  });
  assert.deepEqual(_state.at, [{ topic: TOPIC, partition: 0, offset: 5n, row: 0 }]);
  assert.deepEqual([next!._id, next!.count, next!.note], ['car/44/imu/2024-03-22T12:38:32Z/0', 1, ['']]);
});

test(
  'Rows come once, however records are cut, sent again by new sinks, and late for their bucket.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const random = seeded(Number(process.env.PITWALL_SEED ?? 12));
    for (const seed of [31, 32, 33]) {
      const collection = uniqueName('once');
      const batches = workload(seed, 120);
      const options = bucketOptions(url, collection);
      let end = 0;
      while (end < batches.length) {
        // Each with positions of its own, from somewhere before the end of what is there.
        const { sink } = await startSink(t, { options, rows: 1 + Math.floor(random() * 40) });
        const from = Math.floor(random() * (end + 1));
        end = Math.min(batches.length, end + 40);
        await sink.write(batches.slice(from, end));
        await sink.flush(true);
      }
      const rows = rowsOfBuckets(await documentsOf(url, DATABASE, collection));
      const text = (row: object) =>
        JSON.stringify(
          Object.entries(row)
            .sort()
            .map(([k, v]) => [k, Object.is(v, -0) ? '-0' : String(v)]),
        );
      const wanted = rowsOf(batches);
      assert.deepEqual([...rows.keys()].sort(), [...wanted.keys()].sort());
      for (const [stream, list] of wanted) assert.deepEqual(rows.get(stream)!.map(text).sort(), list.map(text).sort());
    }
  },
);

test(
  'Of two sinks that do not know of each other, both write to the same buckets, and no row is there twice.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const collection = uniqueName('two');
    const options = bucketOptions(url, collection);
    const one = await startSink(t, { options, rows: 7 });
    const other = await startSink(t, { options, rows: 5 });
    const records = Array.from({ length: 30 }, (_, i) =>
      recordOf({ offset: i, times: [i, i], columns: [[n, [2 * i, 2 * i + 1]]] }),
    );
    await Promise.all([one.store(...records), other.store(...records)]);
    const found = await documentsOf(url, DATABASE, collection);
    assert.deepEqual(
      found.flatMap((bucket) => bucket.n),
      Array.from({ length: 60 }, (_, i) => i),
    );
  },
);

test('A bucket that grows large goes on in a second document, and knows what is in the first.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('parts');
  const options = bucketOptions(url, collection);
  const texts = Array.from({ length: 9 }, (_, i) => String(i).repeat(1024 * 1024));
  const records = texts.map((text, i) =>
    recordOf({ offset: i, times: [i], columns: [[field('text', 'utf8'), [text]]] }),
  );
  await (await startSink(t, { options })).store(...records.slice(0, 7));
  await (await startSink(t, { options })).store(...records);
  const found = byId(await documentsOf(url, DATABASE, collection));
  assert.deepEqual(
    found.map(({ _id, count }) => [_id.at(-1), count]),
    [
      ['0', 3],
      ['1', 3],
      ['2', 3],
    ],
  );
  assert.deepEqual(
    found.flatMap(({ text }) => text.map((each: string) => each[0])),
    [...'012345678'],
  );
});

test('A column that becomes a document begins a second document of the bucket.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('becomes');
  const { store } = await startSink(t, { options: bucketOptions(url, collection) });
  await store(
    recordOf({ times: [0], columns: [[field('gps', 'f64'), [1]]] }),
    recordOf({ offset: 1, times: [1], columns: [[field('gps.lat', 'f64'), [2]]] }),
  );
  const found = byId(await documentsOf(url, DATABASE, collection));
  assert.deepEqual(
    found.map(({ gps }) => gps),
    [[1], { lat: [2] }],
  );
});

test(
  'Rows that the server refuses are told one by one, and those around them are in their bucket.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const collection = uniqueName('refused');
    await withMongo(url, (client) =>
      client.db(DATABASE).createCollection(collection, { validator: { n: { $ne: 3 } } }),
    );
    const { store, letters } = await startSink(t, { options: bucketOptions(url, collection), onError: 'dead-letter' });
    const record = recordOf({ times: [0, 1, 2, 3, 4, 5], columns: [[n, [1, 2, 3, 4, 3, 6]]] });
    await store(record, recordOf({ offset: 1, times: [6], columns: [[n, [7]]] }));
    assert.deepEqual(
      letters.map(({ record: { offset }, row }) => [offset, row]),
      [
        [0, 2],
        [0, 4],
      ],
    );
    assert.match(letters[0]!.reason, /validation.*\(code 121\)/);
    const [bucket] = await documentsOf(url, DATABASE, collection);
    assert.deepEqual([bucket!.n, bucket!.count], [[1, 2, 4, 6, 7], 5]);
  },
);
