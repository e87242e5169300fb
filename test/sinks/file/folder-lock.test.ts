import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { PitwallError } from '../../../core/errors.js';
import { FileSink } from '../../../sinks/file/file-sink.js';
import { temporary } from './helpers.js';

const sinkModule = new URL('../../../sinks/file/file-sink.js', import.meta.url).href;

async function refused(path: string, retryable = false): Promise<void> {
  await assert.rejects(new FileSink('local', { path }).open(), (error: PitwallError) => {
    assert.equal(error.code, 'sink-failed');
    assert.equal(error.retryable, retryable);
    assert.match(error.message, /is being written by process \d+/);
    return true;
  });
}

async function taken(path: string): Promise<void> {
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.close();
}

test('a second process with the same path and name is refused, until the first one is killed', async (t) => {
  const path = temporary(t);
  const source = `import { FileSink } from ${JSON.stringify(sinkModule)};
    await new FileSink('local', { path: ${JSON.stringify(path)} }).open();
    process.stdout.write('open');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  await refused(path);
  const other = new FileSink('other', { path });
  await other.open();
  await other.close();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await taken(path);
  await taken(path);
});

test('a second sink in this process is refused, until the first one is closed', async (t) => {
  const path = temporary(t);
  const first = new FileSink('local', { path });
  await first.open();
  await refused(path);
  await first.open();
  await first.close();
  assert.ok(!existsSync(join(path, '.pitwall/local/lock')));
  await taken(path);
});

test('the lock of a worker thread that has died is taken over by its own process', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async (t) => {
  const path = temporary(t);
  const source = `import(${JSON.stringify(sinkModule)}).then(async ({ FileSink }) => {
    await new FileSink('local', { path: ${JSON.stringify(path)} }).open();
    setImmediate(() => { throw new Error('the worker dies'); });
  });`;
  const worker = new Worker(source, { eval: true });
  const exit = new Promise((resolve) => worker.on('exit', resolve));
  const [error] = (await once(worker, 'error')) as [Error];
  assert.equal(error.message, 'the worker dies');
  await exit;
  assert.ok(existsSync(join(path, '.pitwall/local/lock')));
  await taken(path);
});

test('a holder on another machine counts as gone when it has not touched its lock for a while', async (t) => {
  const path = temporary(t);
  await taken(path);
  const lock = join(path, '.pitwall/local/lock');
  writeFileSync(lock, JSON.stringify({ host: 'another-machine', pid: 7, thread: '', started: '' }));
  await refused(path, true);
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(lock, longAgo, longAgo);
  await taken(path);
});
