import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runBench } from '../../bench/run-bench.js';
import { tempDir } from '../support/temp-dir.js';
import { assertReported } from './assert-reported.js';

test('a case with a gateway and one without report what the contract asks for, lose nothing and leave nothing behind', () =>
  assertReported(['websocket-packed', 'columns']));

test('a benchmark that is ended early ends its processes and removes its folder', async () => {
  const dir = tempDir('bench-ended');
  const stop = new AbortController();
  const log = (line: string) => {
    if (line === 'burst: sending what was kept') stop.abort(new Error('ended'));
  };
  await assert.rejects(runBench({ names: ['burst'], runs: 3, quick: true, dir, log, signal: stop.signal }), /ended/);
  assert.deepEqual(readdirSync(dir), []);
});
