import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongodbAuditor } from '../../../sinks/mongodb/mongodb-auditor.js';
import { workload } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { optionsOf } from './sink-options.js';
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
