import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PitwallError } from '../../core/errors.js';
import { Logger } from '../../core/logger.js';
import { Branch, type BranchOptions } from '../../sinks/branch.js';
import { FileSink } from '../../sinks/file/file-sink.js';
import type { SinkBatch } from '../../sinks/sink.js';
import { record, temporary } from './file/helpers.js';

function branchOver(path: string, options: BranchOptions = {}): { branch: Branch; lines: string[] } {
  const lines: string[] = [];
  const log = new Logger('info', (line) => lines.push(line));
  const sink = new FileSink('local', { path, format: 'jsonl' }, log);
  return { branch: new Branch('local', sink, { log, random: () => 0, ...options }), lines };
}

const batches = (from: number, to: number): SinkBatch[] =>
  Array.from({ length: to - from }, (_, i) => record('s', from + i, { n: ['i32', from + i] }));
const at = (offset: number) => [{ topic: 'telemetry', partition: 0, offset }];
const numbers = (path: string): number[] =>
  readFileSync(join(path, 's.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n);

test('a branch feeds its sink and moves its positions with each flush', async (t) => {
  const path = temporary(t);
  const { branch } = branchOver(path);
  assert.deepEqual([branch.state, await branch.start()], ['new', []]);
  assert.equal(await branch.feed(batches(0, 3)), true);
  assert.deepEqual([branch.state, branch.positions()], ['running', []]);
  assert.equal(await branch.flush(false), true);
  assert.deepEqual(branch.positions(), at(3));
  await branch.stop();
  assert.equal(branch.state, 'stopped');
  assert.equal(await branch.feed(batches(3, 4)), false);
  await assert.rejects(branch.start(), /has been stopped/);
});

test('a failure that may pass opens the sink again, from where its store says, and every row is there once', async (t) => {
  const path = temporary(t);
  const { branch, lines } = branchOver(path);
  await branch.start();
  await branch.feed(batches(0, 3));
  await branch.flush(false);
  for (let attempt = 1; attempt <= 2; attempt++) {
    await branch.feed(batches(3, 5));
    rmSync(join(path, 's.jsonl'));
    writeFileSync(join(path, 's.jsonl'), '');
    assert.equal(await branch.flush(false), false);
    assert.deepEqual(
      [branch.state, branch.attempts, (branch.lastError as PitwallError).retryable],
      ['retrying', attempt, true],
    );
    assert.ok(branch.nextAttemptAtMs > 0);
    assert.equal(await branch.feed(batches(5, 6)), false);
    assert.deepEqual(await branch.start(), at(3));
    assert.deepEqual([branch.state, branch.lastError, branch.nextAttemptAtMs], ['running', null, 0]);
  }
  assert.equal(branch.attempts, 2);
  await branch.feed(batches(3, 6));
  await branch.flush(true);
  assert.deepEqual([branch.attempts, branch.positions()], [0, at(6)]);
  assert.deepEqual(numbers(path), [3, 4, 5]);
  assert.equal(lines.filter((line) => line.includes('tried again')).length, 2);
  await branch.stop();
});

test('a failure that no waiting repairs stops the branch, loudly', async (t) => {
  const path = temporary(t);
  writeFileSync(join(path, 's.jsonl'), 'not ours\n');
  const { branch, lines } = branchOver(path);
  await branch.start();
  assert.equal(await branch.feed(batches(0, 1)), false);
  assert.deepEqual([branch.state, branch.nextAttemptAtMs], ['stopped', 0]);
  assert.match(branch.lastError!.message, /was not written by file sink "local"/);
  await assert.rejects(branch.start(), (error) => error === branch.lastError);
  assert.equal(lines.filter((line) => line.includes(' error ')).length, 1);
  await branch.stop();
});

test('start goes on trying while the place is away, and gives up only after the last attempt', async (t) => {
  const folder = temporary(t);
  const path = join(folder, 'mounted');
  symlinkSync(join(folder, 'disk'), path);
  const bounded = branchOver(path, { retry: { attemptsMax: 3, minMs: 1 } });
  await assert.rejects(
    bounded.branch.start(),
    (error: PitwallError) => error.code === 'sink-failed' && error.retryable,
  );
  assert.deepEqual([bounded.branch.state, bounded.branch.attempts], ['stopped', 3]);
  await bounded.branch.stop();
  const { branch, lines } = branchOver(path, { retry: { minMs: 1 } });
  const starting = branch.start();
  while (branch.attempts < 2) await new Promise((resolve) => setImmediate(resolve));
  mkdirSync(join(folder, 'disk'));
  assert.deepEqual(await starting, []);
  assert.ok(lines.length >= 2);
  await branch.feed(batches(0, 2));
  await branch.flush(true);
  assert.deepEqual([numbers(path), branch.attempts], [[0, 1], 0]);
  await branch.stop();
});

test('stop ends a branch that waits for its next attempt at once', async (t) => {
  const path = temporary(t);
  const { branch } = branchOver(path, { retry: { minMs: 3_600_000, maxMs: 3_600_000 } });
  await branch.start();
  await branch.feed(batches(0, 1));
  rmSync(join(path, 's.jsonl'));
  await branch.flush(false);
  assert.equal(branch.state, 'retrying');
  const starting = assert.rejects(branch.start(), /moved, deleted/);
  await branch.stop();
  await starting;
  assert.equal(branch.state, 'stopped');
});
