import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rowsOf, seeded, workload } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { tempDir } from '../../support/temp-dir.js';
import { latestOf, rowOf } from './latest-of.js';
import { documentsOf, rowsByStream, rowsOfBuckets } from './mongo-rows.js';
import { DATABASE, optionsOf } from './sink-options.js';
import { startSink } from './start-sink.js';

const own = await mongodb.needsOwn();
const random = seeded(Number(process.env.PITWALL_SEED ?? 13));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const text = (row: object) =>
  JSON.stringify(
    Object.entries(row)
      .sort()
      .map(([name, cell]) => [name, Object.is(cell, -0) ? '-0' : String(cell)]),
  );

for (const mode of ['insert', 'bucket', 'upsert'] as const) {
  test(`${mode}: a server that is killed five times while it is written to has each row once.`, own, async (t) => {
    const server = await mongodb.start();
    const collection = uniqueName('killed');
    const batches = workload(41, 900);
    const more = { mode, key: ['stream'], bucketUs: 5_000_000, timeoutMs: 4_000 };
    const options = optionsOf(server.url, collection, more);
    const { sink } = await startSink(t, { options, rows: 200, timeoutMs: 4_000 });
    let isDone = false;
    let kills = 0;
    const killer = (async () => {
      while (!isDone && kills < 5) {
        await pause(100 + random() * 300);
        await server.kill();
        kills++;
        await server.start();
      }
    })();
    let faults = 0;
    for (let next = new Map<number, number>(); ; ) {
      try {
        const rest = batches.filter(({ partition, offset }) => offset >= (next.get(partition) ?? 0));
        for (let at = 0; at < rest.length; at += 10) {
          await sink.write(rest.slice(at, at + 10));
          await sink.flush(false);
          if (kills < 5) await pause(10);
        }
        await sink.flush(true);
        break;
      } catch (error) {
        assert.ok((error as { retryable?: boolean }).retryable, String(error));
        faults++;
        for (;;) {
          const positions = await sink.open().catch(() => null);
          if (positions) {
            next = new Map(positions.map(({ partition, offset }) => [partition, offset]));
            break;
          }
          await pause(100);
        }
      }
    }
    isDone = true;
    await killer;
    t.diagnostic(`${kills} kills, ${faults} faults`);
    assert.ok(kills >= 3 && faults >= 2, `${kills} kills gave ${faults} faults`);
    const found = await documentsOf(server.url, DATABASE, collection);
    if (mode === 'upsert') assert.deepEqual(new Map(found.map(rowOf)), latestOf(batches));
    else {
      const rows = mode === 'insert' ? rowsByStream(found) : rowsOfBuckets(found);
      const wanted = rowsOf(batches);
      assert.deepEqual([...rows.keys()].sort(), [...wanted.keys()].sort());
      for (const [stream, list] of wanted) assert.deepEqual(rows.get(stream)!.map(text).sort(), list.map(text).sort());
    }
  });
}

test('upsert: a sink that is killed five times with -9 ends with the latest rows.', own, async (t) => {
  const { url } = await mongodb.start();
  const folder = tempDir('mongodb-killed');
  const child = fileURLToPath(new URL('../../contract/sink-child.js', import.meta.url));
  const module = new URL('./under-test.js', import.meta.url).href;
  let kills = 0;
  for (let attempt = 0; ; attempt++) {
    assert.ok(attempt < 50, 'the writer never came to its end');
    const writer = spawn(process.execPath, [child, module, 'upsert', folder, '42', '2000', String(attempt)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PITWALL_TEST_MONGODB: url },
    });
    const ended = once(writer, 'exit');
    if (kills < 5) {
      await Promise.race([once(writer.stdout, 'data'), ended]);
      await pause(random() * 100);
      writer.kill('SIGKILL');
    }
    const [code, signal] = (await ended) as [number | null, string | null];
    if (signal === 'SIGKILL') kills++;
    else {
      assert.equal(code, 0);
      break;
    }
  }
  t.diagnostic(`${kills} kills hit a writer at work`);
  const found = await documentsOf(url, DATABASE, basename(folder));
  assert.deepEqual(new Map(found.map(rowOf)), latestOf(workload(42, 2000)));
});
