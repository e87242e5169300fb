import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Document } from 'mongodb';
import { field } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { type Row, rowsOf, seeded, workload } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { cellOf, documentsOf } from './mongo-rows.js';
import { recordOf, START_US, TOPIC } from './record-of.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { startSink } from './start-sink.js';

const needed = await mongodb.needsShared();
const lap = field('lap', 'i32');
const n = field('n', 'f64');

/** The latest row of each stream: by time, then by where it comes from. */
function latestOf(batches: readonly SinkBatch[]): Map<string, Row> {
  const all = batches
    .filter(({ batch }) => batch.rows > 0)
    .flatMap((record) => {
      const [rows] = rowsOf([record]).values();
      return rows!.map((row, r) => ({
        stream: record.batch.stream,
        row,
        place: [row.timeUs as number, record.partition, record.offset, r],
      }));
    });
  all.sort((a, b) => a.place.map((part, i) => part - b.place[i]!).find((difference) => difference !== 0) ?? 0);
  return new Map(all.map(({ stream, row }) => [stream, row]));
}

function rowOf({ _id, _at, time, stream, ...rest }: Document): [string, Row] {
  return [stream, Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, cellOf(value)])) as Row];
}

test('Of each key there is the latest row, by its own time, and which row that is.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('latest');
  const { store } = await startSink(t, {
    options: optionsOf(url, collection, { mode: 'upsert', key: ['car', 'lap'] }),
  });
  await store(
    recordOf({
      offset: 5,
      times: [0, 10, 20],
      columns: [
        [lap, [1, 1, 2]],
        [n, [1, 2, 3]],
        [field('best', 'bool'), [1, 1, null]],
      ],
    }),
  );
  await store(
    // Later on the bus, and earlier by their time; then at the same time.
    recordOf({
      offset: 6,
      times: [5, 19],
      columns: [
        [lap, [1, 2]],
        [n, [-1, -2]],
      ],
    }),
    recordOf({
      offset: 7,
      times: [20, 20],
      columns: [
        [lap, [2, 2]],
        [n, [4, 5]],
      ],
    }),
  );
  const found = await documentsOf(url, DATABASE, collection);
  const own = { time: new Date(START_US / 1000), stream: 'car/44/imu', car: '44' };
  assert.deepEqual(
    found.sort((a, b) => Number(a._id.lap - b._id.lap)),
    [
      {
        _id: { car: '44', lap: 1n },
        _at: { timeUs: BigInt(START_US + 10), topic: TOPIC, partition: 0, offset: 5n, row: 1 },
        timeUs: BigInt(START_US + 10),
        ...own,
        lap: 1,
        n: 2,
        best: true,
      },
      {
        _id: { car: '44', lap: 2n },
        _at: { timeUs: BigInt(START_US + 20), topic: TOPIC, partition: 0, offset: 7n, row: 1 },
        timeUs: BigInt(START_US + 20),
        ...own,
        lap: 2,
        n: 5,
      },
    ],
  );
});

test('Whatever is written again, in whatever order and pieces, the latest rows stay.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const random = seeded(Number(process.env.PITWALL_SEED ?? 11));
  for (const seed of [21, 22, 23]) {
    const collection = uniqueName('again');
    const batches = workload(seed, 150);
    const options = optionsOf(url, collection, { mode: 'upsert', key: ['stream'] });
    for (let round = 0; round < 4; round++) {
      // Each with positions of its own, so that nothing is left out as known.
      const { sink } = await startSink(t, { options, rows: 1 + Math.floor(random() * 300) });
      const from = round === 0 ? 0 : Math.floor(random() * batches.length);
      await sink.write(batches.slice(from, round === 3 ? undefined : from + 60));
      await sink.flush(true);
    }
    const { store } = await startSink(t, { options });
    await store(...batches);
    await store(...batches.slice(0, 10));
    const found = await documentsOf(url, DATABASE, collection);
    assert.deepEqual(new Map(found.map(rowOf)), latestOf(batches));
  }
});

test('A key is the same whatever type its column has, and integers beyond 2^53 are told apart.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('types');
  const { store } = await startSink(t, { options: optionsOf(url, collection, { mode: 'upsert', key: ['lap'] }) });
  await store(
    recordOf({
      times: [0, 1],
      columns: [
        [lap, [3, 4]],
        [n, [1, 1]],
      ],
    }),
  );
  await store(
    recordOf({
      offset: 1,
      times: [10, 11],
      columns: [
        [field('lap', 'f64'), [3, 4.5]],
        [n, [2, 2]],
      ],
    }),
  );
  await store(
    recordOf({
      offset: 2,
      times: [20, 21],
      columns: [
        [field('lap', 'i64'), [9007199254740993n, 9007199254740992n]],
        [n, [3, 4]],
      ],
    }),
  );
  const found = await documentsOf(url, DATABASE, collection);
  assert.deepEqual(
    new Map(found.map(({ _id, n }) => [_id.lap, n])),
    new Map<unknown, number>([
      [3n, 2],
      [4n, 1],
      [4.5, 2],
      [9007199254740993n, 3],
      [9007199254740992n, 4],
    ]),
  );
});

test('A row without a part of its key is refused, with which one.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('keyless');
  const options = optionsOf(url, collection, { mode: 'upsert', key: ['car', 'lap'] });
  const { store, letters } = await startSink(t, { options, onError: 'dead-letter' });
  await store(
    recordOf({
      times: [0, 1],
      columns: [
        [lap, [null, 2]],
        [n, [1, 1]],
      ],
    }),
    recordOf({ offset: 1, times: [2], columns: [[n, [2]]] }),
  );
  assert.deepEqual(letters.map(({ reason }) => reason).sort(), [
    'column "lap" is null, and is part of key',
    'it has neither a column nor a tag "lap", which is part of key',
  ]);
  assert.deepEqual(
    (await documentsOf(url, DATABASE, collection)).map(({ _id }) => _id),
    [{ car: '44', lap: 2n }],
  );
});

test('Texts that look like expressions of MongoDB are taken as they are.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('dollars');
  const { store } = await startSink(t, { options: optionsOf(url, collection, { mode: 'upsert', key: ['name'] }) });
  const texts = ['$time', '$$ROOT', '{"$gt": 1}', ''];
  await store(
    recordOf({
      times: [0, 1, 2, 3],
      columns: [
        [field('name', 'utf8'), texts],
        [field('$a.$b', 'utf8'), texts],
      ],
    }),
  );
  const found = await documentsOf(url, DATABASE, collection);
  assert.deepEqual(
    found.map(({ _id, name, _$a }) => [_id.name, name, _$a._$b]),
    texts.map((text) => [text, text, text]),
  );
});
