import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsOwnKafka, startKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import type { GatewayProcess } from '../support/gateway-process.js';
import { unionOf } from '../support/jsonl-files.js';
import { startKafkaBehindProxy } from '../support/kafka-proxy.js';
import { random } from '../support/random.js';
import { assertSameRows, reference, repeated, Scenario } from './kafka-scenario.js';

/** PITWALL_CHAOS_SEED repeats a run: the same readings, and kills after the same waits. */
const SEED = Number(process.env.PITWALL_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FINISH_MS = 240_000;

test(
  `devices go on while the broker is killed and away for a minute (PITWALL_CHAOS_SEED=${SEED})`,
  needsOwnKafka(),
  async (t) => {
    const seconds = 90;
    const wanted = await reference(seconds, SEED);
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers);
    const all = await (await flow.process('all', 'all')).start();
    const drive = driveFleets(all, { seconds, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    await sleep(5000);
    await kafka.kill();
    await sleep(60_000);
    await kafka.start();
    for (const { reconnects } of await drive.reports) assert.equal(reconnects, 0, 'a device was cut off');
    const found = await flow.finish(wanted, FINISH_MS);
    await kafka.stop();
    assertQuiet(all);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);

test(
  `a broker that stands still for longer than any request waits (PITWALL_CHAOS_SEED=${SEED})`,
  needsOwnKafka(),
  async (t) => {
    const seconds = 100;
    const wanted = await reference(seconds, SEED);
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers);
    const all = await (await flow.process('all', 'all')).start();
    const drive = driveFleets(all, { seconds, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    await sleep(5000);
    kafka.pause();
    await sleep(75_000);
    kafka.resume();
    for (const { reconnects } of await drive.reports) assert.equal(reconnects, 0, 'a device was cut off');
    const found = await flow.finish(wanted, FINISH_MS);
    await kafka.stop();
    assertQuiet(all);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);

test(`connections that fall silent for ever are made anew (PITWALL_CHAOS_SEED=${SEED})`, needsOwnKafka(), async (t) => {
  const seconds = 60;
  const wanted = await reference(seconds, SEED);
  const { kafka, proxy } = await startKafkaBehindProxy();
  const flow = new Scenario(t, kafka.brokers);
  const all = await (await flow.process('all', 'all')).start();
  const drive = driveFleets(all, { seconds, seed: SEED });
  await eventually('rows on their way', () => flow.rows('out') > 0);
  await sleep(5000);
  proxy.silence();
  for (const { reconnects } of await drive.reports) assert.equal(reconnects, 0, 'a device was cut off');
  const found = await flow.finish(wanted, FINISH_MS);
  await kafka.stop();
  assertQuiet(all);
  assertSameRows(found.raw, wanted.raw, 'raw');
  assertSameRows(found.out, wanted.out, 'out');
});

test(
  `everything is killed again and again, and Kafka holds each row once (PITWALL_CHAOS_SEED=${SEED})`,
  needsOwnKafka(),
  async (t) => {
    const seconds = 120;
    const wanted = await reference(seconds, SEED);
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers);
    const gateway = await (await flow.process('gateway', 'gateway')).start();
    const workers: GatewayProcess[] = [];
    for (const name of ['one', 'two', 'three']) workers.push(await flow.process(name, 'process'));
    await workers[0]!.start();
    await workers[1]!.start();
    const drive = driveFleets(gateway, { seconds, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    const next = random(SEED);
    const done: string[] = [];
    while (!drive.ended) {
      await sleep(1500 + next() * 4000);
      const what = next();
      const worker = workers[Math.floor(next() * workers.length)]!;
      if (what < 0.2) {
        done.push('gateway');
        await gateway.kill();
        await gateway.start();
      } else if (what < 0.35) {
        done.push('broker');
        await kafka.kill();
        await sleep(next() * 8000);
        await kafka.start();
      } else if (!worker.running) {
        done.push('start');
        await worker.start();
      } else if (what < 0.75) {
        done.push('kill');
        await worker.kill();
      } else {
        done.push('stop');
        assert.equal(await worker.stop(), 0, worker.stderr);
      }
    }
    await drive.reports;
    for (const worker of workers) if (!worker.running) await worker.start();
    await flow.finish(wanted, FINISH_MS);
    t.diagnostic(`seed ${SEED}: ${done.join(' ')}`);
    for (const sink of ['raw', 'out'] as const) {
      for (const { dir } of workers) {
        for (const [stream, lines] of unionOf([join(dir, sink)])) {
          assert.equal(new Set(lines).size, lines.length, `${stream} in ${dir}`);
        }
      }
    }
    const later = new Scenario(t, kafka.brokers, {}, flow.topic, 'later');
    await (await later.process('later', 'process')).start();
    const found = await later.finish(wanted, FINISH_MS);
    await kafka.stop();
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);

/** An outage is said, and not again and again: once or twice a lane, however long it lasts. */
function assertQuiet({ stderr }: GatewayProcess): void {
  const [[line, times]] = repeated(stderr) as [[string, number]];
  assert.ok(times <= 24, `${times} times: ${line}`);
}
