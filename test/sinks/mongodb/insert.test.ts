import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Double, Int32, Long } from 'mongodb';
import { field } from '../../../columnar/schema.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { documentsOf, withMongo } from './mongo-rows.js';
import { recordOf, START_US, TOPIC } from './record-of.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { startSink } from './start-sink.js';

const needed = await mongodb.needsShared();
const numbers = field('n', 'f64');

test('A row is a document with its place as _id, its time twice, its stream, tags and columns.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('document');
  const { store } = await startSink(t, { options: optionsOf(url, collection) });
  await store(
    recordOf({
      partition: 3,
      offset: 17,
      times: [0, 1],
      columns: [
        [field('speed', 'f64'), [61.5, null]],
        [field('gear', 'u8'), [3, 4]],
        [field('note', 'utf8'), ['läuft 🏁 "so"\n\0', '']],
        [field('pit', 'bool'), [1, 0]],
      ],
    }),
  );
  const time = new Date('2024-03-22T12:38:31.123Z');
  const own = { time, stream: 'car/44/imu', car: '44' };
  assert.deepEqual(await documentsOf(url, DATABASE, collection), [
    {
      _id: `${TOPIC}/3/17/0`,
      timeUs: BigInt(START_US),
      ...own,
      speed: 61.5,
      gear: 3,
      note: 'läuft 🏁 "so"\n\0',
      pit: true,
    },
    { _id: `${TOPIC}/3/17/1`, timeUs: BigInt(START_US + 1), ...own, gear: 4, note: '', pit: false },
  ]);
});

test('Numbers keep their type and every bit, at their extremes, too.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('numbers');
  const { store } = await startSink(t, { options: optionsOf(url, collection) });
  const floats = [-0, Number.NaN, -Infinity, 5e-324, 1.7976931348623157e308];
  const longs = [9223372036854775807n, -9223372036854775808n, 9007199254740993n, 0n, -1n];
  const times = [0, 1, 2, 3, 4];
  await store(
    recordOf({
      times,
      columns: [
        [field('f64', 'f64'), floats],
        [field('f32', 'f32'), [Math.fround(0.1), 1, 2, 3, 4]],
        [field('i64', 'i64'), longs],
        [field('i32', 'i32'), [-2147483648, 2147483647, 0, 1, 2]],
        [field('scaled', 'i16', 0.5, 1), [3, 4, 5, 6, 7]],
      ],
    }),
    // Few rows and many lie in memory in different ways.
    recordOf({
      offset: 1,
      times: Array.from({ length: 50 }, (_, i) => 10 + i),
      columns: [[field('i64', 'i64'), Array.from({ length: 50 }, (_, i) => longs[i % 5]!)]],
    }),
  );
  const found = await withMongo(url, (client) =>
    client
      .db(DATABASE)
      .collection(collection)
      .find({}, { promoteValues: false, useBigInt64: false, sort: { timeUs: 1 } })
      .toArray(),
  );
  assert.deepEqual(
    found.slice(0, 5).map(({ f64, f32, i64, i32, scaled }) => [f64, f32, i64, i32, scaled]),
    times.map((_, row) => [
      new Double(floats[row]!),
      new Double(row === 0 ? Math.fround(0.1) : row),
      Long.fromBigInt(longs[row]!),
      new Int32([-2147483648, 2147483647, 0, 1, 2][row]!),
      new Double([2.5, 3, 3.5, 4, 4.5][row]!),
    ]),
  );
  assert.deepEqual(
    found.slice(5).map(({ i64 }) => (i64 as Long).toBigInt()),
    Array.from({ length: 50 }, (_, i) => longs[i % 5]!),
  );
});

test(
  "Columns with dots are documents that a query finds by the column's name, and none of them is lost.",
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const collection = uniqueName('dots');
    const { store } = await startSink(t, { options: optionsOf(url, collection) });
    const names = [
      'gps.lat',
      'speed',
      'gps.lon',
      'gps.fix.age',
      'time',
      'stream.id',
      '$set',
      '',
      'a..b',
      'car',
      'temp',
      'temp.oil',
      `${'x.'.repeat(200)}y`,
    ];
    await store(
      recordOf({ times: [0], columns: names.map((name, i) => [field(name, 'i32'), [i]]) }),
      recordOf({
        offset: 1,
        times: [1],
        columns: [
          [field('gps.lat', 'f64'), [null]],
          [field('gps.lon', 'f64'), [null]],
          [numbers, [1]],
        ],
      }),
    );
    const [first, second] = await withMongo(url, (client) =>
      client
        .db(DATABASE)
        .collection(collection)
        .find({}, { projection: { _id: 0, timeUs: 0 }, sort: { timeUs: 1 } })
        .toArray(),
    );
    const { time, stream, ...columns } = first!;
    assert.equal(stream, 'car/44/imu');
    let deep: Record<string, unknown> = { [`${'x_'.repeat(185)}y`]: 12 };
    for (let level = 0; level < 15; level++) deep = { x: deep };
    assert.deepEqual(columns, {
      speed: 1,
      time_: 4,
      _$set: 6,
      _: 7,
      car: 9,
      temp: 10,
      gps: { lat: 0, lon: 2, fix: { age: 3 } },
      stream_: { id: 5 },
      a: { _: { b: 8 } },
      temp_: { oil: 11 },
      ...deep,
    });
    assert.deepEqual(second, { time, stream, car: '44', n: 1 }, 'a document without a cell is left out');
    const count = await withMongo(url, (client) =>
      client.db(DATABASE).collection(collection).countDocuments({ 'gps.fix.age': 3 }),
    );
    assert.equal(count, 1);
  },
);

test('The collection may be taken from stream and tags; a tag that is missing is "other".', needed, async (t) => {
  const { url } = await mongodb.shared();
  const base = uniqueName('c');
  const { store } = await startSink(t, { options: optionsOf(url, `${base}-{stream}-{car}`) });
  const stream = `car/44/${'lang'.repeat(100)}`;
  await store(
    recordOf({ times: [0], columns: [[numbers, [1]]] }),
    recordOf({ offset: 1, stream: 'weather/$x', tags: {}, times: [0], columns: [[numbers, [2]]] }),
    recordOf({ offset: 2, stream, times: [0], columns: [[numbers, [3]]] }),
  );
  const names = await withMongo(url, async (client) =>
    (await client.db(DATABASE).listCollections().toArray())
      .map(({ name }) => name)
      .filter((name) => name.startsWith(base)),
  );
  const long = names.find((name) => name.includes('lang'))!;
  assert.deepEqual(names.filter((name) => name !== long).sort(), [`${base}-car.44.imu-44`, `${base}-weather._x-other`]);
  assert.equal(Buffer.byteLength(`${DATABASE}.${long}`), 255);
  assert.equal((await documentsOf(url, DATABASE, long))[0]!.n, 3);
});

test(
  'A row that the server refuses is passed on with its words, and the others of its request are there.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const collection = uniqueName('unique');
    await withMongo(url, async (client) => {
      const own = client.db(DATABASE).collection(collection);
      await own.createIndex({ n: 1 }, { unique: true });
      await own.insertOne({ n: 2 });
    });
    const record = recordOf({ times: [0, 1, 2], columns: [[numbers, [1, 2, 3]]] });
    const letter = await startSink(t, { options: optionsOf(url, collection), onError: 'dead-letter' });
    await letter.store(record);
    assert.deepEqual(
      letter.letters.map(({ row }) => row),
      [1],
    );
    assert.match(letter.letters[0]!.reason, /E11000 duplicate key error.*n_1.*\(code 11000\)/);
    assert.deepEqual((await documentsOf(url, DATABASE, collection)).map(({ n }) => n).sort(), [1, 2, 3]);

    const skip = await startSink(t, { options: optionsOf(url, collection), onError: 'skip' });
    await skip.store(record);
    assert.deepEqual(skip.sink.news(), { flushDueMs: null, warnings: [], skippedRows: 1, deadLetters: 0, taken: 1 });

    const stop = await startSink(t, { options: optionsOf(url, collection) });
    await assert.rejects(
      stop.store(record),
      /sink "laps" \(mongodb 127.*\): refuses the row with timeUs 1711111111123001 of car\/44\/imu.*E11000/,
    );
    assert.deepEqual(stop.sink.news().skippedRows, 0);
  },
);

test('A validator of the collection refuses rows, and each is told.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('validated');
  await withMongo(url, (client) => client.db(DATABASE).createCollection(collection, { validator: { n: { $lt: 10 } } }));
  const { store, letters } = await startSink(t, { options: optionsOf(url, collection), onError: 'dead-letter' });
  await store(recordOf({ times: [0, 1, 2, 3], columns: [[numbers, [1, 20, 3, 40]]] }));
  assert.deepEqual(
    letters.map(({ row }) => row),
    [1, 3],
  );
  assert.match(letters[0]!.reason, /failed validation \(code 121\)/);
  assert.deepEqual(
    (await documentsOf(url, DATABASE, collection)).map(({ n }) => n),
    [1, 3],
  );
});

test('A row beyond the 16 MiB of a document is refused, and its neighbours are not.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('large');
  const { store, letters } = await startSink(t, { options: optionsOf(url, collection), onError: 'dead-letter' });
  const texts = ['a', 'b'.repeat(17 * 1024 * 1024), 'c', 'd'.repeat(15 * 1024 * 1024)];
  await store(recordOf({ times: [0, 1, 2, 3], columns: [[field('text', 'utf8'), texts]] }));
  assert.deepEqual(
    letters.map(({ row }) => row),
    [1],
  );
  assert.match(letters[0]!.reason, /its document has 17825\d{3} bytes; MongoDB takes 16777216/);
  assert.deepEqual(
    (await documentsOf(url, DATABASE, collection)).map(({ text }) => text.length),
    [1, 1, texts[3]!.length],
  );
});

test('Rows of a new log are new rows, though their offsets are those of the old one.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('logs');
  const { store } = await startSink(t, { options: optionsOf(url, collection) });
  const columns: [typeof numbers, number[]][] = [[numbers, [1]]];
  await store(
    recordOf({ times: [0], columns }),
    recordOf({ topic: 'telemetry@fedcba9876543210', times: [0], columns }),
  );
  assert.equal((await documentsOf(url, DATABASE, collection)).length, 2);
});
