import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsOwnKafka, startKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { IngestClient } from '../support/ingest-client.js';
import { frame, numbers, upTo } from './kafka-frames.js';
import { repeated, Scenario } from './kafka-scenario.js';

test(
  'a broker that is silent keeps neither the devices from going on nor the process from ending',
  needsOwnKafka(),
  async (t) => {
    const kafka = await startKafka();
    const flow = new Scenario(t, kafka.brokers);
    const all = await (await flow.process('all', 'all')).start();
    let client = await IngestClient.connect(all.http, '?client=silent');
    let sent = 0;
    const send = async (rows: number) => {
      for (const end = sent + rows; sent < end; ) client.send(frame(++sent));
      await client.until('all answers', () => client.acked === sent);
    };
    await send(50);
    await eventually('the first rows', () => flow.rows('raw') === 50 && flow.rows('out') === 50);
    kafka.pause();
    t.after(() => kafka.resume());
    await send(50);
    await sleep(3000);
    await send(50);
    assert.equal(await all.stop(), 0, all.stderr);
    for (const [line, times] of repeated(all.stderr)) assert.ok(times <= 6, `${times} times: ${line}`);
    kafka.resume();
    await all.start();
    client = await IngestClient.connect(all.http, '?client=silent');
    assert.equal(client.hello.resume, 150);
    await send(50);
    await eventually('all rows', () => flow.rows('raw') >= 200 && flow.rows('out') >= 200, 40_000);
    assert.equal(await all.stop(), 0, all.stderr);
    for (const sink of ['raw', 'out'] as const) assert.deepEqual(numbers(flow, sink), upTo(200), sink);
  },
);
