import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LogBus } from '../../../bus/log/log-bus.js';
import { meta, value } from '../../contract/bus.js';
import { readAll } from './read-all.js';

const RECORDS = 2000;
const root = mkdtempSync(join(tmpdir(), 'pitwall-readers-'));
after(() => rmSync(root, { recursive: true, force: true }));
const script = join(import.meta.dirname, 'reader-worker.js');

/** Appends `RECORDS` numbered records in commits of 20, and a fact with the last. */
async function write(bus: LogBus): Promise<void> {
  for (let n = 0; n < RECORDS; n += 20) {
    const commit = bus.begin();
    for (let i = n; i < n + 20; i++) commit.append('telemetry', 0, meta(i), value(Buffer.alloc((i * 31) % 900)));
    if (n + 20 === RECORDS) commit.setFact('test', 'done', Buffer.from('yes'));
    await commit.commit();
  }
}

const SUM = (RECORDS * (RECORDS - 1)) / 2;

test('a worker thread with a log of its own sees what the main thread commits, while it commits', async () => {
  const dir = join(root, 'thread');
  const bus = LogBus.open({ dir, partitions: 2 });
  const worker = new Worker(script, { workerData: { dir, records: RECORDS } });
  const answers: string[] = [];
  const last = new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (answer: string) => {
      answers.push(answer);
      if (answers.length === 2) resolve();
    });
  });
  await once(worker, 'message');
  await write(bus);
  await last;
  assert.deepEqual(answers, ['ready', `sum ${SUM} fact yes`]);
  await worker.terminate();
  assert.equal(
    readAll(bus, 'telemetry', 0).length,
    RECORDS,
    'the main thread reads on after the worker closed its log',
  );
  await bus.close();
});

test('another process sees what this one commits, while it commits', async () => {
  const dir = join(root, 'process');
  const bus = LogBus.open({ dir, partitions: 2 });
  const child = spawn(process.execPath, [script, dir, String(RECORDS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  await write(bus);
  assert.equal((await lines.next()).value, `sum ${SUM} fact yes`);
  await once(child, 'exit');
  await bus.close();
});

test('readers that were killed while they read do not keep the file growing', async () => {
  const dir = join(root, 'killed');
  const sizeBytes = 2 ** 21;
  const bus = LogBus.open({ dir, partitions: 1, sizeBytes, whenFull: 'drop-oldest' });
  bus.startRetention();
  const worker = new Worker(script, { workerData: { dir, records: Number.MAX_SAFE_INTEGER } });
  const child = spawn(process.execPath, [script, dir, String(Number.MAX_SAFE_INTEGER)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.all([once(worker, 'message'), once(child.stdout, 'data')]);
  let largest = 0;
  for (let n = 0; n < 500; n++) {
    const commit = bus.begin();
    commit.append('telemetry', 0, meta(n), value(Buffer.alloc(100_000)));
    await commit.commit();
    if (n === 100) {
      child.kill('SIGKILL');
      await Promise.all([worker.terminate(), once(child, 'exit')]);
    }
    largest = Math.max(largest, statSync(join(dir, 'data.mdb')).size);
  }
  assert.ok(largest < 2.5 * sizeBytes, `the file grew to ${(largest / sizeBytes).toFixed(2)} times the bound`);
  await bus.close();
});

test('a reader that falls behind what is dropped is told how much it missed, and reads on', async () => {
  const dir = join(root, 'behind');
  const bus = LogBus.open({ dir, partitions: 1, sizeBytes: 500_000, whenFull: 'drop-oldest' });
  bus.startRetention();
  const reader = LogBus.open({ dir, readOnly: true });
  const seen: number[] = [];
  let missed = 0;
  let at = 0;
  for (let n = 0; n < 200; n++) {
    const commit = bus.begin();
    commit.append('telemetry', 0, meta(n), value(Buffer.alloc(40_000)));
    await commit.commit();
    if (n % 30 !== 29 && n !== 199) continue;
    for (
      let run = reader.read('telemetry', 0, at, 1e6);
      run.records.length > 0;
      run = reader.read('telemetry', 0, at, 1e6)
    ) {
      missed += run.dropped;
      for (const record of run.records) seen.push(record.sequence);
      at = run.next;
    }
  }
  assert.equal(seen.length + missed, 200);
  assert.ok(missed > 0 && seen.length > 50, `${seen.length} seen, ${missed} missed`);
  assert.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
  );
  await reader.close();
  await bus.close();
});
