import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { faultsOf } from '../../bench/bench-results.js';
import { runBench } from '../../bench/run-bench.js';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { influxdb2 } from '../servers/influxdb2-server.js';
import { mongodb } from '../servers/mongodb-server.js';
import { s3 } from '../servers/s3-server.js';
import { tempDir } from '../support/temp-dir.js';

/** Installs what is not there: a quick run does not. */
const NEEDS = [];
for (const servers of [influxdb1, influxdb2, mongodb, s3]) NEEDS.push(await servers.needsOwn());
const MISSING = { skip: NEEDS.find(({ skip }) => skip !== false)?.skip ?? false };
const PITWALL = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

test(
  'the case of the sinks loses nothing in any store, says what it is held against, and leaves nothing behind',
  MISSING,
  async () => {
    const dir = tempDir('bench-sinks');
    const { signal } = new AbortController();
    const { cases } = await runBench({ names: ['sinks'], runs: 1, quick: true, dir, log: () => {}, signal });
    assert.deepEqual(faultsOf(cases), []);
    assert.deepEqual(readdirSync(dir), []);
    const variants = [...new Set(cases.map(({ name }) => name))];
    assert.deepEqual(variants, [
      'sinks, file jsonl, 1000 rows a record',
      'sinks, file parquet, 1000 rows a record',
      'sinks, influxdb gzip, 1000 rows a record',
      'sinks, influxdb gzip, 20 rows a record',
      'sinks, influxdb2 gzip, 1000 rows a record',
      'sinks, s3 parquet, 1000 rows a record',
      'sinks, mongodb insert, 100 rows a record',
    ]);
    for (const variant of variants) {
      const one = (metric: string) => cases.find((result) => result.name === variant && result.metric === metric)!;
      assert.ok(one('rows').value > 0);
      assert.ok(one('rows').limits.bareClient! > 0);
      assert.ok(one('peak RssAnon').value > 0);
      assert.equal(one('rows stored').value, one('rows sent').value);
      for (const metric of ['rows lost', 'rows duplicated'])
        assert.equal(one(metric).value, 0, `${variant}: ${metric}`);
    }
  },
);

test('a quick run installs no server: it skips what is not there, and says what to set', async () => {
  const dir = tempDir('bench-skips');
  const env = { ...process.env, PITWALL_TEST_CACHE: tempDir('no-servers') };
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [PITWALL, 'bench', 'sinks', '--quick', '--dir', dir],
    { env },
  );
  assert.match(stdout, /sinks, file jsonl/);
  for (const [store, variable] of [
    ['influxdb', 'PITWALL_BENCH_INFLUXDB=http'],
    ['influxdb2', 'PITWALL_BENCH_INFLUXDB2=http'],
    ['s3', 'PITWALL_BENCH_S3=http'],
    ['mongodb', 'PITWALL_BENCH_MONGODB=mongodb'],
  ]) {
    assert.match(stderr, new RegExp(`sinks: ${store} SKIPPED.*set ${variable}`));
  }
});
