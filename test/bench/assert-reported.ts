import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { faultsOf } from '../../bench/bench-results.js';
import { runBench } from '../../bench/run-bench.js';
import { tempDir } from '../support/temp-dir.js';

/** They run no gateway. */
const ENGINE = ['join', 'columns', 'window', 'group'];
/** It has no rows to lose. */
const ENCODERS = 'encoders';
/** It compares gateways with one another, by latency alone. */
const ISOLATION = 'isolation';

/** Cases, run quickly, report what the contract asks for, lose nothing and leave nothing behind. */
export async function assertReported(names: readonly string[]): Promise<void> {
  const dir = tempDir('bench');
  const log: string[] = [];
  const signal = new AbortController().signal;
  const results = await runBench({ names, runs: 1, quick: true, dir, log: (line) => log.push(line), signal });
  assert.deepEqual(faultsOf(results.cases), []);
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(Object.keys(results), ['machine', 'commit', 'quick', 'startedAt', 'cases']);
  for (const name of names) {
    if (name === ENCODERS) {
      assert.ok(results.cases.some((result) => result.name.startsWith('line protocol') && result.value > 0));
      assert.ok(results.cases.some((result) => result.name.startsWith('parquet') && result.value > 0));
      continue;
    }
    const variants = new Set(results.cases.map((result) => result.name).filter((one) => one.startsWith(name)));
    assert.ok(variants.size > 0, name);
    for (const variant of variants) {
      const metrics = results.cases.filter((result) => result.name === variant);
      const value = (metric: string) => metrics.find((result) => result.metric === metric)?.value;
      assert.ok(metrics[0]!.value > 0, variant);
      if (name === ISOLATION) {
        assert.equal(value('rows lost'), 0);
        continue;
      }
      for (const metric of ['peak RssAnon', 'CPU', 'rows lost', 'rows duplicated'])
        assert.ok(value(metric) !== undefined, `${variant}: ${metric}`);
      if (ENGINE.includes(name)) continue;
      for (const metric of ['ack p50', 'ack p99', 'event-loop delay p99'])
        assert.ok(value(metric)! > 0, `${variant}: ${metric}`);
      assert.equal(value('rows acknowledged'), value('rows sent'));
      assert.equal(value('rows stored'), value('rows sent'));
    }
  }
}
