import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { faultsOf } from '../../bench/bench-results.js';
import { runBench } from '../../bench/run-bench.js';
import { needsSharedKafka, sharedKafka } from '../servers/kafka-server.js';
import { tempDir } from '../support/temp-dir.js';

test(
  'the case of Kafka loses nothing, says what it is held against, and leaves nothing behind',
  needsSharedKafka(),
  async () => {
    const { brokers } = await sharedKafka();
    process.env.PITWALL_BENCH_KAFKA = brokers.join(',');
    const dir = tempDir('bench-kafka');
    const { signal } = new AbortController();
    const { cases } = await runBench({ names: ['kafka'], runs: 1, quick: true, dir, log: () => {}, signal });
    assert.deepEqual(faultsOf(cases), []);
    assert.deepEqual(readdirSync(dir), []);
    const variants = [...new Set(cases.map(({ name }) => name))];
    assert.deepEqual(variants, [
      'kafka, gateway, 1000 rows of 50',
      'kafka, gateway, 20 rows of 6',
      'kafka, drain after an outage, 1000 rows of 50',
      'kafka, processors in 1 process',
      'kafka, processors in 2 processes',
    ]);
    for (const variant of variants) {
      const one = (metric: string) => cases.find((result) => result.name === variant && result.metric === metric);
      for (const metric of ['peak RssAnon', 'CPU', 'rows lost', 'rows duplicated']) {
        assert.ok(one(metric) !== undefined, `${variant}: ${metric}`);
      }
      if (variant.includes('processors')) {
        assert.ok(one('rows joined')!.value > 0);
        assert.equal(one('rows put out')!.value, one('rows put out')!.limits.expected);
      } else {
        assert.ok(one('values in Kafka')!.limits.bareKafkajs! > 0);
        assert.equal(one('rows stored')!.value, one('rows sent')!.value);
        assert.ok(one('event-loop delay p99')!.value > 0);
      }
    }
  },
);
