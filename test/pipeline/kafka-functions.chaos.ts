import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { committedRows, readCommitted } from '../sinks/kafka/read-committed.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { assertAllOnce, endlessFunction, PARTITIONS } from './endless-scenario.js';
import { assertLetters, assertTheOthers, CARS, fails, prepare, send } from './failing-scenario.js';
import { WaitingScenario } from './waiting-scenario.js';

/** A bus in Kafka, and a sink that writes the rows of a processor to a topic: for whoever reads committed messages. */
async function overKafka(partitions: number, from: string) {
  const { brokers } = await sharedKafka();
  const [topic, out] = [uniqueName('functions'), uniqueName('functions-out')];
  const list = `brokers: [${brokers.join(', ')}]`;
  const bus = `{ kafka: { ${list}, topic: ${topic}, group: ${topic}, partitions: ${partitions}, spool: ./spool, state: ./state } }`;
  const sinks = `  live: { type: kafka, from: ${from}, ${list}, topic: ${out}, partitions: ${partitions} }\n`;
  /** The rows of each car. */
  const committed = async (cars: number) => {
    const rows = await committedRows(brokers, out);
    return Array.from({ length: cars }, (_, car) => rows.get(`${from}/car/${car}`) ?? []);
  };
  const eventuallyCommitted = (cars: number, count: number) =>
    eventually(`${count} committed rows of each car`, async () =>
      (await committed(cars)).every(({ length }) => length >= count),
    );
  /** How often letters stand in Kafka, repetitions included. */
  const letters = async () => (await readCommitted(brokers, `${topic}.dead-letters`)).length;
  return { bus, sinks, committed, eventuallyCommitted, letters };
}

describe('Functions over Kafka', { ...needsSharedKafka(), concurrency: 2 }, () => {
  test('A gateway that is killed while its model server hangs, and while it answers, gives each row once and in order.', async (t) => {
    const { bus, sinks, committed, eventuallyCommitted } = await overKafka(1, 'counted');
    const flow = await new WaitingScenario().start(t, { bus, sinks });
    await flow.send(50);
    await eventuallyCommitted(3, 1);
    await flow.killWhileItHangs(100);
    const { asked } = flow.model;
    await eventually('the model is asked again', () => flow.model.asked > asked + 20);
    await flow.gateway.kill();
    await flow.gateway.start();
    await flow.killWhileItHangs(100);
    await flow.allThere();
    await eventuallyCommitted(3, 250);
    assert.equal(await flow.gateway.stop(), 0, flow.gateway.stderr);
    flow.assertAllOnce(flow.written('out/counted'), 'the file sink');
    flow.assertAllOnce(await committed(3), 'the topic');
  });

  test('Rows that a function fails for are dead letters once, though their process is killed, started again, and followed by another one.', async (t) => {
    const { bus, sinks, committed, eventuallyCommitted, letters } = await overKafka(2, 'counted');
    const ports = [await freePort(), await freePort()];
    const { dir, yaml } = prepare('dead-letter', { bus, sinks, ports });
    const gateway = await new GatewayProcess(dir, yaml, ['--role', 'gateway']).start();
    t.after(() => gateway.kill());
    const processes = ['one', 'two'].map((name) => {
      // Both have the same module and configuration, and a spool, state and files of their own.
      const own = join(dir, name);
      mkdirSync(own);
      return new GatewayProcess(own, yaml.replaceAll('./count.ts', '../count.ts'), [
        '--role',
        'process',
        '--http',
        'off',
      ]);
    });
    t.after(() => Promise.all(processes.map((each) => each.kill())));
    const [one, two] = processes as [GatewayProcess, GatewayProcess];
    await one.start();
    let sent = 0;
    const next = async (rows: number) => send(gateway, sent, (sent += rows));
    for (let kill = 0; kill < 3; kill++) {
      const sending = next(400);
      await eventuallyCommitted(CARS, Math.floor((sent - 400) * (6 / 7)) + 1);
      await one.kill();
      await sending;
      await one.start();
    }
    await next(200);
    await sleep(500);
    // What it had not copied to the changelog is computed again elsewhere.
    await one.kill();
    await two.start();
    await next(200);
    const passing = Array.from({ length: sent }, (_, n) => n).filter((n) => !fails(n)).length;
    await eventuallyCommitted(CARS, passing);
    for (const each of [two, gateway]) assert.equal(await each.stop(), 0, each.stderr);
    assertTheOthers(await committed(CARS), sent, (n) => !fails(n));
    await assertLetters(dir, sent);
    t.diagnostic(`${(sent - passing) * CARS} letters, which stand in Kafka ${await letters()} times`);
  });

  test('A function that does not return holds up its own partition and processor alone, until its module is replaced.', async (t) => {
    const { bus, sinks, committed, eventuallyCommitted } = await overKafka(PARTITIONS, 'counted');
    const { total } = await endlessFunction(t, bus, sinks);
    await eventuallyCommitted(8, total);
    for (const [car, rows] of (await committed(8)).entries()) assertAllOnce(rows, total, `car ${car} of the topic`);
  });
});

test('A function that does not return holds up its own partition and processor alone, with the embedded log.', async (t) => {
  await endlessFunction(t, `{ log: { dir: ./bus, partitions: ${PARTITIONS} } }`);
});
