import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { allThere, assertLetters, assertTheOthers, fails, prepare, send, written } from './failing-scenario.js';
import { WaitingScenario } from './waiting-scenario.js';

async function kafkaBus(): Promise<string> {
  const { brokers } = await sharedKafka();
  const topic = uniqueName('functions');
  return `{ kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 1, spool: ./spool, state: ./state } }`;
}

describe('Over Kafka', { ...needsSharedKafka(), concurrency: 2 }, () => {
  test('rows of functions that wait come out once each and in their order, also when the gateway is killed', async (t) => {
    const flow = await new WaitingScenario().start(t, { bus: await kafkaBus() });
    await flow.send(50);
    await eventually('the first rows', () => flow.rowsOfAsked() > 0);
    await flow.killWhileItHangs(50);
    await flow.allThere();
    assert.equal(await flow.gateway.stop(), 0, flow.gateway.stderr);
    flow.assertAllOnce(flow.written('out/counted'), 'the file sink');
  });

  test('rows that a function fails for are dead letters once, with their cause and position, and the others pass', async (t) => {
    const { dir, yaml } = prepare('dead-letter', { bus: await kafkaBus() });
    const gateway = new GatewayProcess(dir, yaml);
    t.after(() => gateway.kill());
    await gateway.start();
    await send(gateway, 0, 200);
    await allThere(dir, 200, (n) => !fails(n));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assertTheOthers(written(dir), 200, (n) => !fails(n));
    await assertLetters(dir, 200);
  });
});
