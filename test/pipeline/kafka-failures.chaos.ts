import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsOwnKafka, needsSharedKafka, sharedKafka, startKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import { startKafkaBehindProxy } from '../support/kafka-proxy.js';
import { assertSameRows, reference, repeated, Scenario } from './kafka-scenario.js';

const SEED = 7;
const SECONDS = 10;

describe('Over Kafka', { ...needsOwnKafka(), concurrency: 2 }, () => {
  test('devices go on while the broker is killed and away, and afterwards each row is there once', async (t) => {
    const expected = reference(SECONDS, SEED);
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers);
    const all = await (await flow.process('all', 'all')).start();
    const drive = driveFleets(all, { seconds: SECONDS, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    await kafka.kill();
    await sleep(6000);
    await kafka.start();
    for (const { reconnects } of await drive.reports) assert.equal(reconnects, 0, 'a device was cut off');
    const wanted = await expected;
    const found = await flow.finish(wanted);
    t.diagnostic(JSON.stringify(repeated(all.stderr).slice(0, 4)));
    // Lanes say once or twice that they fail, not with every attempt.
    for (const [line, times] of repeated(all.stderr)) assert.ok(times <= 12, `${times} times: ${line}`);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  });

  test('what Kafka has stored without saying so is sent again, and read once', async (t) => {
    const expected = reference(SECONDS, SEED);
    const { kafka, proxy } = await startKafkaBehindProxy();
    const flow = new Scenario(t, kafka.brokers);
    const all = await (await flow.process('all', 'all')).start();
    const drive = driveFleets(all, { seconds: SECONDS, seed: SEED });
    // Now and then an answer is lost, which its producer makes good; then all are for a while, until it is given up.
    for (let phase = 0; !drive.ended; phase++) {
      proxy.loseEach = [4, 1, 0][phase % 3]!;
      await sleep(phase % 3 === 1 ? 3000 : 1000);
    }
    proxy.loseEach = 0;
    await drive.reports;
    const wanted = await expected;
    const found = await flow.finish(wanted);
    await kafka.stop();
    t.diagnostic(`${proxy.lost} answers lost`);
    assert.ok(proxy.lost >= 5, `only ${proxy.lost} answers were lost`);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  });
});

test(
  'a gateway over Kafka that is killed again and again stores and joins each acknowledged row once',
  needsSharedKafka(),
  async (t) => {
    const expected = reference(SECONDS, SEED);
    const { brokers } = await sharedKafka();
    const flow = new Scenario(t, brokers);
    const gateway = await (await flow.process('gateway', 'gateway')).start();
    await (await flow.process('process', 'process')).start();
    const drive = driveFleets(gateway, { seconds: SECONDS, seed: SEED });
    await eventually('rows on their way', () => flow.rows('raw') > 0);
    let kills = 0;
    for (; !drive.ended && kills < 5; kills++) {
      await gateway.kill();
      await gateway.start();
      await sleep(1500);
    }
    t.diagnostic(`${kills} kills, ${JSON.stringify(await drive.reports)}`);
    const wanted = await expected;
    const found = await flow.finish(wanted);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);
