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

describe('When Kafka is away', { ...needsOwnKafka(), concurrency: 3 }, () => {
  test('with ack: bus a device is answered when Kafka has its message, and not before', async (t) => {
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers, { gateway: '  ack: bus' });
    const all = await (await flow.process('all', 'all')).start();
    const client = await IngestClient.connect(all.http, '?client=careful');
    client.send(frame(1));
    await client.until('the first answer', () => client.acked === 1);
    await kafka.kill();
    client.send(frame(2));
    client.send(frame(3));
    await sleep(3000);
    assert.equal(client.acked, 1, 'answered though Kafka is away');
    await kafka.start();
    await client.until('the answer when Kafka is back', () => client.acked === 3, 30_000);
    await client.close();
    await eventually('the rows', () => flow.rows('raw') >= 3 && flow.rows('out') >= 3);
    assert.equal(await all.stop(), 0, all.stderr);
    for (const sink of ['raw', 'out'] as const) assert.deepEqual(numbers(flow, sink), upTo(3), sink);
  });

  test('a spool that is full holds the devices back, and all goes on when the broker is there again', async (t) => {
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers, { gateway: '  memory: 32MiB', kafka: '    spoolSize: 16MiB' });
    const all = await (await flow.process('all', 'all')).start();
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
    await sleep(1000);
    assert.ok(client.acked < frames, 'all was acknowledged though Kafka is away');
    await kafka.start();
    await eventually(
      'all answers',
      () => {
        sendSome();
        return client.acked === frames;
      },
      40_000,
    );
    await client.close();
    await eventually('all rows', () => flow.rows('raw') >= frames && flow.rows('out') >= frames, 40_000);
    assert.equal(await all.stop(), 0, all.stderr);
    for (const sink of ['raw', 'out'] as const) assert.deepEqual(numbers(flow, sink), upTo(frames), sink);
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
