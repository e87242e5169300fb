import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsOwnKafka, sharedKafka, startKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import type { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { asAdmin } from '../support/kafka-admin.js';
import { frame, numbers, upTo } from './kafka-frames.js';
import { repeated, Scenario } from './kafka-scenario.js';

const FILLING = 'y'.repeat(100_000);

const page = async ({ http }: GatewayProcess, path: string) => (await fetch(`http://${http}${path}`)).text();
const metric = async (gateway: GatewayProcess, name: string) => {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await page(gateway, '/metrics'))![1]);
};

describe('When Kafka is away', { ...needsOwnKafka(), concurrency: 2 }, () => {
  test('with ack: bus a device is answered when Kafka has its message, a full spool holds others back, and all goes on', async (t) => {
    const kafka = await startKafka();
    const careful = new Scenario(t, kafka.brokers, { gateway: '  ack: bus' });
    const flow = new Scenario(t, kafka.brokers, { gateway: '  memory: 32MiB', kafka: '    spoolSize: 16MiB' });
    const waiting = await (await careful.process('all', 'all')).start();
    const all = await (await flow.process('all', 'all')).start();
    const patient = await IngestClient.connect(waiting.http, '?client=careful');
    patient.send(frame(1));
    await patient.until('the first answer', () => patient.acked === 1);
    const frames = 400;
    let client = await IngestClient.connect(all.http, '?client=held');
    let sent = 0;
    const sendSome = () => {
      const answered = Math.max(client.hello.resume!, client.acked);
      while (sent < Math.min(frames, answered + 20)) client.send(frame(++sent, { FILLING }));
    };
    sendSome();
    await client.until('the first answer', () => client.acked >= 1);
    await kafka.kill();
    patient.send(frame(2));
    patient.send(frame(3));
    await eventually('a full spool', async () => {
      sendSome();
      return JSON.parse(await page(all, '/health')).spool.full === true;
    });
    const { acked } = client;
    assert.ok(acked < frames, 'all was acknowledged though the spool was full');
    assert.ok((await metric(all, 'pitwall_memory_held_peak_bytes')) <= 32 * 1024 * 1024);
    // It ends all the same, and what it has answered is there afterwards.
    assert.equal(await all.stop(), 0, all.stderr);
    await all.start();
    client = await IngestClient.connect(all.http, '?client=held');
    const resume = client.hello.resume!;
    assert.ok(resume >= acked, `acknowledged ${acked}, durable ${resume}`);
    sent = resume;
    sendSome();
    await sleep(3000);
    assert.ok(client.acked < frames, 'all was acknowledged though Kafka is away');
    assert.equal(patient.acked, 1, 'answered though Kafka is away');
    await kafka.start();
    await patient.until('the answer when Kafka is back', () => patient.acked === 3);
    await patient.close();
    await eventually('all answers', () => {
      sendSome();
      return client.acked === frames;
    });
    await client.close();
    for (const [which, count] of [
      [careful, 3],
      [flow, frames],
    ] as const) {
      await eventually('all rows', () => which.rows('raw') >= count && which.rows('out') >= count);
      const [gateway] = which.processes;
      assert.equal(await gateway!.stop(), 0, gateway!.stderr);
      for (const sink of ['raw', 'out'] as const) assert.deepEqual(numbers(which, sink), upTo(count), sink);
    }
  });

  /** What was in the topic and nobody had read is lost with it; here that is nothing. */
  test('a topic that is deleted while all runs is made anew, and no row that comes from then on is missed', async (t) => {
    const { brokers } = await sharedKafka();
    const flow = new Scenario(t, brokers);
    const all = await (await flow.process('all', 'all')).start();
    const client = await IngestClient.connect(all.http, '?client=deleted');
    let sent = 0;
    // Each row a message of its own, so that the offsets of the new topic are behind those of the old one for a while.
    const send = async (rows: number) => {
      for (const end = sent + rows; sent < end; await sleep(150))
        client.send({ ...frame(++sent), stream: 'car/1/engine' });
    };
    await send(30);
    await eventually('the first rows', () => flow.rows('raw') === 30 && flow.rows('out') === 30);
    await eventually('that they are durable', async () => {
      const lags = (await page(all, '/metrics')).matchAll(/^pitwall_lane_lag_records\{lane="branch .*\} (\d+)$/gm);
      return [...lags].every(([, lag]) => lag === '0');
    });
    await asAdmin(brokers, (admin) => admin.deleteTopics({ topics: [flow.topic] }));
    await send(20);
    await client.until('all answers', () => client.acked === sent);
    await eventually('all rows', () => flow.rows('raw') >= 50 && flow.rows('out') >= 50, 40_000).catch(() => {});
    assert.equal(await all.stop(), 0, all.stderr);
    t.diagnostic(JSON.stringify(repeated(all.stderr).slice(0, 6)));
    assert.match(all.stderr, /was deleted and made anew/);
    for (const [line, times] of repeated(all.stderr)) assert.ok(times <= 12, `${times} times: ${line}`);
    for (const sink of ['raw', 'out'] as const) assert.deepEqual(numbers(flow, sink), upTo(50), sink);
  });
});
