import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KafkaSink } from '../../../sinks/kafka/kafka-sink.js';
import { rowsOf, workload } from '../../contract/sink-workload.js';
import { needsOwnKafka, startKafka } from '../../servers/kafka-server.js';
import { startKafkaBehindProxy } from '../../support/kafka-proxy.js';
import { assertRows, finite } from './assert-rows.js';
import { readCommitted } from './read-committed.js';
import { jsonRows, optionsOf, rowsByStream } from './sink-options.js';

test(
  'A broker that is killed while the Kafka sink writes costs no row and doubles none.',
  needsOwnKafka(),
  async (t) => {
    const server = await startKafka();
    t.after(() => server.kill());
    const batches = workload(17, 1_000);
    const sink = new KafkaSink('under-test', optionsOf(server.brokers, 'laps'));
    t.after(() => sink.close());
    let [at, faults] = [0, 0];
    const restart = async () => {
      await server.kill();
      await server.start();
    };
    let restarting: Promise<void> | null = null;
    await sink.open();
    while (at < batches.length) {
      try {
        await sink.write(batches.slice(0, at + 20));
        await sink.flush(false);
        at += 20;
        if (at % 400 === 0) restarting = restart();
      } catch (error) {
        assert.equal((error as { retryable?: boolean }).retryable, true, String(error));
        faults++;
        await restarting;
        await sink.open();
      }
    }
    assert.ok(faults > 0);
    await sink.flush(true);
    await restarting;
    assertRows(rowsByStream(await readCommitted(server.brokers, 'laps'), jsonRows), finite(rowsOf(batches)));
  },
);

test('Answers of a broker that are lost cost no row and double none.', needsOwnKafka(), async (t) => {
  const { kafka, proxy } = await startKafkaBehindProxy();
  t.after(() => kafka.kill());
  const batches = workload(18, 400);
  const sink = new KafkaSink('under-test', optionsOf(kafka.brokers, 'laps'));
  t.after(() => sink.close());
  await sink.open();
  proxy.loseEach = 3;
  let faults = 0;
  for (let at = 0; at < batches.length; ) {
    try {
      await sink.write(batches.slice(0, at + 20));
      await sink.flush(false);
      at += 20;
    } catch (error) {
      assert.equal((error as { retryable?: boolean }).retryable, true, String(error));
      assert.ok(++faults < 100, 'it never came to its end');
      await sink.open();
    }
  }
  proxy.loseEach = 0;
  await sink.flush(true);
  t.diagnostic(`${proxy.lost} answers were lost, ${faults} faults`);
  assert.ok(proxy.lost >= 3, `only ${proxy.lost} answers were lost`);
  assertRows(rowsByStream(await readCommitted(kafka.brokers, 'laps'), jsonRows), finite(rowsOf(batches)));
});
