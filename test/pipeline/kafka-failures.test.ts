import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsSharedKafka, sharedKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import { assertSameRows, reference, Scenario } from './kafka-scenario.js';

const SEED = 7;
const SECONDS = 10;

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
