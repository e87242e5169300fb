import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Logger } from '../../core/logger.js';
import type { LaneReport, LaneSpec, LaneTask } from '../../pipeline/lanes/lane.js';
import { Scheduler } from '../../pipeline/scheduler.js';
import { WorkerPool } from '../../processors/worker-pool.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';

const module = new URL('./pool-tasks.js', import.meta.url);

test('a task whose thread dies is rejected, and the next one runs on a new thread', async () => {
  const pool = new WorkerPool<string, string>(module, 2);
  await assert.rejects(pool.run(0, 'die'));
  assert.equal(await pool.run(0, 'answer'), 'answer');
  assert.equal(await pool.run(1, 'answer'), 'answer');
  await pool.close();
});

test('a thread that dies without a task does not end the process, nor does waiting for its successor', () => {
  const child = fileURLToPath(new URL('./pool-child.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [child], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'answer');
});

test('what code that did not return leaves behind does not end the next thread while it starts', {
  timeout: 60_000,
}, async () => {
  const slow = new URL('./slow-tasks.js', import.meta.url);
  const pool = new WorkerPool<string, string>(slow, 1, 1, { silentMs: 100, heapMiB: 64 });
  const message = 'its code did not return within 0.1 s, and its thread was ended';
  await assert.rejects(pool.run(0, 'endless'), { message, silent: true });
  assert.equal(await pool.run(0, 'answer'), 'answer');
  await assert.rejects(pool.run(0, 'endless'), { message, silent: true });
  assert.equal(await pool.run(0, 'answer'), 'answer');
  await pool.close();
});

test('without workers, tasks that never wait leave the event loop its turns', async () => {
  const pool = new WorkerPool<string, string>(module, 0);
  await pool.run(0, 'answer');
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const deadline = performance.now() + 100;
  while (performance.now() < deadline) await pool.run(0, 'answer');
  clearInterval(timer);
  assert.ok(turns > 0, 'no timer ran in between');
});

test('a lane whose thread died is opened again and goes on', async () => {
  const dir = tempDir('thread');
  const pool = new WorkerPool<LaneTask, LaneReport>(module, 1);
  const scheduler = new Scheduler(pool, { logger: new Logger('error', () => {}), positions() {} });
  const folders = { ingest: join(dir, 'died'), processors: dir };
  const common = {
    folders,
    partitions: 1,
    declared: [],
    kind: 'branch',
    patterns: ['#'],
    inputs: [],
    owned: [],
    processors: [],
  } as const;
  const spec = { ...common, id: 'branch a', name: 'a', sink: {} } as unknown as LaneSpec;
  await scheduler.start([spec]);
  await eventually('rows of the lane', () => scheduler.statuses[0]!.rows > 0);
  assert.equal(scheduler.statuses[0]!.state, 'running');
  await scheduler.stop(1000);
  await pool.close();
});
