import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Document } from 'mongodb';
import { field } from '../../../columnar/schema.js';
import { StoreFault, type StoreFaultKind } from '../../../sinks/delivery/store-fault.js';
import type { MongodbSinkOptions } from '../../../sinks/mongodb/mongodb-sink-options.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { freePort } from '../../support/free-port.js';
import { documentsOf, rowsOfBuckets, withMongo } from './mongo-rows.js';
import { recordOf } from './record-of.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { makeSink, startSink } from './start-sink.js';

const own = await mongodb.needsOwn();
const needed = await mongodb.needsShared();
const records = Array.from({ length: 20 }, (_, i) =>
  recordOf({ offset: i, times: [2 * i, 2 * i + 1], columns: [[field('n', 'i32'), [2 * i, 2 * i + 1]]] }),
);
const all = Array.from({ length: 40 }, (_, i) => i);
const numbersOf = (documents: Document[]) => documents.map(({ n }) => n as number).sort((a, b) => a - b);

const isFault = (kind: StoreFaultKind, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreFault, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, message);
  return true;
};

test('What a server says of itself is a fault that passes, and after it each row is there once.', own, async (t) => {
  const { url } = await mongodb.start();
  const fail = (commands: string[], data: Document, times = 1) =>
    withMongo(url, (client) =>
      client
        .db('admin')
        .command({ configureFailPoint: 'failCommand', mode: { times }, data: { failCommands: commands, ...data } }),
    );
  const modes: [Partial<MongodbSinkOptions>, string][] = [
    [{ mode: 'insert' }, 'insert'],
    [{ mode: 'bucket' }, 'update'],
    [{ mode: 'upsert', key: ['n'] }, 'update'],
  ];
  for (const [more, command] of modes) {
    const collection = uniqueName('passes');
    const { sink, store } = await startSink(t, { options: optionsOf(url, collection, more), rows: 7 });
    const faults: [Document, StoreFaultKind, RegExp][] = [
      [{ errorCode: 189 }, 'away', /\(code 189\)/],
      [{ errorCode: 91, errorLabels: ['RetryableWriteError'] }, 'away', /\(code 91\)/],
      [{ errorCode: 13 }, 'setup', /\(code 13\); see url, username and password/],
      [{ closeConnection: true }, 'away', /connection.*closed/],
    ];
    for (const [data, kind, message] of faults) {
      await fail([command], data);
      await assert.rejects(store(...records), isFault(kind, message), `${command} ${JSON.stringify(data)}`);
      await sink.open();
    }
    await store(...records);
    const found = await documentsOf(url, DATABASE, collection);
    const numbers = more.mode === 'bucket' ? [...rowsOfBuckets(found).values()].flat() : found;
    assert.deepEqual(numbersOf(numbers), all, more.mode);
  }
});

test(
  'A server that does not answer in time is away, and what it did all the same is not done twice.',
  own,
  async (t) => {
    const { url } = await mongodb.start();
    for (const mode of ['insert', 'bucket'] as const) {
      const collection = uniqueName('slow');
      const options = optionsOf(url, collection, { mode, timeoutMs: 400 });
      const { sink, store } = await startSink(t, { options, timeoutMs: 400 });
      await withMongo(url, (client) =>
        client.db('admin').command({
          configureFailPoint: 'failCommand',
          mode: { times: 1 },
          data: { failCommands: ['insert', 'update'], blockConnection: true, blockTimeMS: 900 },
        }),
      );
      await assert.rejects(store(...records), isFault('away', /did not answer within 0.4 s/));
      await new Promise((resolve) => setTimeout(resolve, 700));
      await sink.open();
      await store(...records);
      const found = await documentsOf(url, DATABASE, collection);
      assert.deepEqual(numbersOf(mode === 'bucket' ? [...rowsOfBuckets(found).values()].flat() : found), all);
    }
  },
);

test('A server that is stopped and started again while rows are written has each of them once.', own, async (t) => {
  const server = await mongodb.start();
  const collection = uniqueName('again');
  const { sink, store } = await startSink(t, {
    options: optionsOf(server.url, collection, { timeoutMs: 2_000 }),
    rows: 5,
    timeoutMs: 2_000,
  });
  await store(...records.slice(0, 10));
  await server.kill();
  await assert.rejects(store(...records), isFault('away', /sink "laps" \(mongodb 127\.0\.0\.1:\d+\/.*\): /));
  await assert.rejects(sink.open(), isFault('away', /ECONNREFUSED/));
  await server.start();
  await sink.open();
  await store(...records);
  assert.deepEqual(numbersOf(await documentsOf(server.url, DATABASE, collection)), all);
});

test('A name or password that is refused is a fault of the setup, and stands in no message.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const servers = url.replace(/^mongodb:\/\/([^/]+).*$/, '$1');
  const collection = uniqueName('login');
  const logins: Partial<MongodbSinkOptions>[] = [
    { url: `mongodb://engineer:hunt%40r2@${servers}/?directConnection=true` },
    { login: { username: 'engineer', password: 'hunt@r2' } },
  ];
  for (const more of logins) {
    const { sink } = makeSink(t, { options: optionsOf(url, collection, more) });
    await assert.rejects(sink.open(), (error: Error) => {
      isFault('setup', /uthentication failed.*; see url, username and password/)(error);
      let text = '';
      for (let each: unknown = error; each instanceof Error; each = each.cause)
        text += `${each.stack}${JSON.stringify(each)}`;
      assert.doesNotMatch(text, /hunt/);
      return true;
    });
  }
});

test('An address where nobody answers, and one that cannot be, are told apart.', async (t) => {
  const port = await freePort();
  const away = makeSink(t, {
    options: optionsOf(`mongodb://127.0.0.1:${port}/`, 'c', { timeoutMs: 500 }),
    timeoutMs: 2_000,
  });
  await assert.rejects(away.sink.open(), isFault('away', /ECONNREFUSED/));
  const wrong = makeSink(t, { options: optionsOf('mongodb://127.0.0.1:1/?hunter=2', 'c') });
  await assert.rejects(wrong.sink.open(), isFault('setup', /hunter/));
});

test('Indexes are made once, and one that says otherwise is named with what to do.', needed, async (t) => {
  const { url } = await mongodb.shared();
  const collection = uniqueName('indexes');
  const withExpiry = (expireUs: number | null) => optionsOf(url, collection, { expireUs });
  await startSink(t, { options: withExpiry(3600e6) });
  await startSink(t, { options: withExpiry(3600e6) });
  await startSink(t, { options: withExpiry(null) });
  const indexes = await withMongo(url, (client) => client.db(DATABASE).collection(collection).indexes());
  assert.deepEqual(
    indexes.map(({ key, expireAfterSeconds }) => [key, expireAfterSeconds]),
    [
      [{ _id: 1 }, undefined],
      [{ stream: 1, time: 1 }, undefined],
      [{ time: 1 }, 3600],
    ],
  );
  const other = makeSink(t, { options: withExpiry(60e6) });
  const message =
    /index "time_1" on time, which deletes after 3600 s, and expire says 60 s; drop the index, or change expire/;
  await assert.rejects(other.sink.open(), isFault('setup', message));
});

test(
  'A time series takes no rows that are to be there once, and a collection is no time series.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const [series, plain] = [uniqueName('series'), uniqueName('plain')];
    const inSeries = { mode: 'timeseries', expireUs: 3600e6 } as const;
    const { store } = await startSink(t, { options: optionsOf(url, series, inSeries) });
    await store(recordOf({ times: [0], columns: [[field('n', 'i32'), [1]]] }));
    const [found] = await documentsOf(url, DATABASE, series);
    assert.deepEqual(
      [found!.meta, found!.n, found!.time],
      [{ stream: 'car/44/imu', car: '44' }, 1, new Date('2024-03-22T12:38:31.123Z')],
    );
    const [made] = await withMongo(url, (client) => client.db(DATABASE).listCollections({ name: series }).toArray());
    const { expireAfterSeconds, timeseries } = (made as Document).options;
    assert.deepEqual([Number(expireAfterSeconds), timeseries.timeField, timeseries.metaField], [3600, 'time', 'meta']);

    await assert.rejects(
      makeSink(t, { options: optionsOf(url, series) }).sink.open(),
      isFault('setup', /is a time series/),
    );
    await startSink(t, { options: optionsOf(url, plain) });
    const wrong = makeSink(t, { options: optionsOf(url, plain, inSeries) });
    await assert.rejects(wrong.sink.open(), isFault('setup', /is there and no time series; choose another/));
  },
);
