import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { MongodbAuditor } from '../../../sinks/mongodb/mongodb-auditor.js';
import { workload } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { audited, wrongOf } from '../audited.js';
import { withMongo } from './mongo-rows.js';
import { recordOf } from './record-of.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { startSink } from './start-sink.js';

const needed = await mongodb.needsShared();

for (const mode of ['insert', 'timeseries', 'bucket'] as const) {
  test(`An audit finds the times of all rows of a stream, mode ${mode}.`, needed, async (t) => {
    const { url } = await mongodb.shared();
    const options = optionsOf(url, uniqueName('audit'), { mode, bucketUs: 1_000_000 });
    const batches = workload(51, 200);
    const { store } = await startSink(t, { options });
    await store(...batches);
    const auditor = new MongodbAuditor(options);
    t.after(() => auditor.close());
    const streams = new Map<string, number[]>();
    for (const { batch } of batches) {
      if (batch.rows > 0) streams.set(batch.stream, [...(streams.get(batch.stream) ?? []), ...batch.timeUs]);
    }
    const ascending = (times: number[]) => times.sort((a, b) => a - b);
    for (const [name, wanted] of streams) {
      const found: number[] = [];
      const range = { fromUs: Math.min(...wanted), toUs: Math.max(...wanted) };
      for await (const piece of auditor.times({ name, tags: {}, ...range })) found.push(...piece);
      assert.deepEqual(ascending(found), ascending(wanted), name);
    }
  });
}

test(
  'Of keys the latest row is due: a document that is gone, old, or twice there is found, with its stream.',
  needed,
  async (t) => {
    const { url } = await mongodb.shared();
    const collection = uniqueName('latest');
    const options = optionsOf(url, collection, { mode: 'upsert', key: ['car', 'lap'] });
    const lap = field('lap', 'i32');
    const at = (offset: number, stream: string, times: number[], laps: (number | null)[]) =>
      recordOf({ offset, stream, times, columns: [[lap, laps]] });
    const records = [
      at(0, 'car/44/imu', [0, 10, 20, 30, 40], [1, 1, 2, 3, 4]),
      // Of another stream with the same keys: later, earlier, and at the same time.
      at(1, 'car/44/gps', [11, 19, 30], [1, 2, 3]),
      at(2, 'car/44/imu', [15, 41], [2, 5]),
    ];
    const { store } = await startSink(t, { options });
    await store(...records);
    const audit = async () => {
      const auditor = new MongodbAuditor(options);
      t.after(() => auditor.close());
      return audited(auditor, records);
    };
    const whole = await audit();
    assert.deepEqual(wrongOf(whole), []);
    const counts = [...whole.ledgers.values()].map(({ stream, bus, stored, overwritten }) => [
      stream,
      bus,
      stored,
      overwritten,
    ]);
    assert.deepEqual(counts, [
      ['car/44/gps', 3, 2, 1],
      ['car/44/imu', 7, 3, 4],
    ]);

    await withMongo(url, async (client) => {
      const documents = client.db(DATABASE).collection(collection);
      const of = async (n: number) => (await documents.findOne({ '_id.lap': BigInt(n) } as object))!;
      const [first, second, fourth] = [await of(1), await of(2), await of(4)];
      // Lap 1 is gone; lap 2 is as it was before its latest row; lap 4 is there once more.
      await documents.deleteOne({ _id: first._id });
      await documents.updateOne({ _id: second._id }, { $inc: { timeUs: -5n } });
      await documents.insertOne({ ...fourth, _id: 'somebody' as never });
    });
    assert.deepEqual(wrongOf(await audit()), [
      { stream: 'car/44/gps', lost: 1, duplicated: 0 },
      { stream: 'car/44/imu', lost: 1, duplicated: 1 },
    ]);
  },
);
