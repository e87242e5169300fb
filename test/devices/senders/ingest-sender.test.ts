import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Fleet } from '../../../devices/fleet/fleet.js';
import { IngestSender, type IngestSenderOptions } from '../../../devices/senders/ingest-sender.js';
import { readPacked } from '../../../schemas/read-packed.js';
import { StrictIngestServer, type StrictOptions } from '../strict-ingest-server.js';

const START_US = 1_714_564_800_000_000;

async function serve(t: TestContext, options: StrictOptions, port = 0): Promise<StrictIngestServer> {
  const server = await StrictIngestServer.start(options, port);
  t.after(() => server.stop());
  return server;
}

function senderTo(t: TestContext, url: string, options: Partial<IngestSenderOptions> = {}): IngestSender {
  const sender = new IngestSender({
    url,
    format: 'packed',
    client: 'test',
    known: 'continue',
    giveUpMs: 5000,
    ...options,
  });
  t.after(() => sender.close());
  return sender;
}

/** Sends `count` messages of two streams in turn, waiting where there is no room. Returns how often it had to wait. */
async function sendAll(sender: IngestSender, count: number, from = 0): Promise<number> {
  const fleet = new Fleet({ cars: 1, seed: 1, startUs: START_US });
  let waits = 0;
  for (let i = from; i < from + count; i++) {
    const stream = fleet.streams[i % 2]!;
    const batch = fleet.batch(1, stream, START_US + i * 200_000, START_US + (i + 1) * 200_000)!;
    const waiting = sender.send({ batch });
    if (!waiting) continue;
    waits++;
    await waiting;
  }
  return waits;
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

for (const format of ['packed', 'json'] as const) {
  test(`a ${format} sender never has more bytes in flight than the window, and every message is answered`, async (t) => {
    const server = await serve(t, { windowBytes: 6000, ackEvery: 100 });
    const sender = senderTo(t, server.url, { format });
    await sender.open();
    const waits = await sendAll(sender, 200);
    await sender.drain();
    assert.deepEqual(server.faults, []);
    assert.deepEqual(server.stored, upTo(200));
    assert.ok(waits > 10, `it waited ${waits} times for room`);
    const { messages, acknowledged, rejected, rows, rowsAcknowledged, latency } = sender.report;
    assert.deepEqual({ messages, acknowledged, rejected }, { messages: 200, acknowledged: 200, rejected: 0 });
    assert.equal(rows, 100 * 20 + 100 * 10);
    assert.equal(rowsAcknowledged, rows);
    assert.equal(latency.count, 200);
    assert.equal(sender.pending, 0);
  });
}

test('a window that shrinks and grows with an ack is kept from then on', async (t) => {
  const server = await serve(t, { windowBytes: 20_000, nextWindowBytes: 2000, ackEvery: 100 });
  const sender = senderTo(t, server.url);
  await sender.open();
  await sendAll(sender, 30);
  await sender.drain();
  const breaches = server.faults.length;
  // What was in flight when the window shrank may exceed it once; after the answer it must not any more.
  await sendAll(sender, 100, 30);
  await sender.drain();
  assert.equal(server.faults.length, breaches);
  assert.deepEqual(server.stored, upTo(130));
});

test('a frame larger than the window goes alone rather than never', async (t) => {
  const server = await serve(t, { windowBytes: 100 });
  const sender = senderTo(t, server.url);
  await sender.open();
  await sendAll(sender, 5);
  await sender.drain();
  assert.deepEqual(server.stored, upTo(5));
  assert.ok(server.faults.every((fault) => /^\d+ bytes in flight at frame \d+/.test(fault)));
});

test('after a lost connection what was not acknowledged is sent again, in order and described again', async (t) => {
  const server = await serve(t, { windowBytes: 8000, ackEvery: 3, dieAfter: 20 });
  const sender = senderTo(t, server.url);
  await sender.open();
  await sendAll(sender, 150);
  await sender.drain();
  assert.deepEqual(server.faults, []);
  assert.deepEqual(server.stored, upTo(150));
  assert.ok(server.connections > 5, `${server.connections} connections`);
  assert.equal(sender.report.reconnects, server.connections - 1);
  assert.equal(sender.report.acknowledged, 150);
  const rows = server.frames.reduce((sum, frame) => sum + readPacked(frame as Buffer).rows, 0);
  assert.equal(rows, sender.report.rows);
});

test('a sender outlives a server that is away for a while', async (t) => {
  const first = await serve(t, { windowBytes: 4000, ackEvery: 100 });
  const sender = senderTo(t, first.url, { format: 'json' });
  await sender.open();
  await sendAll(sender, 10);
  await sender.drain();
  const { port } = first;
  await first.stop();
  const sending = sendAll(sender, 40, 10);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const second = await serve(t, { windowBytes: 4000 }, port);
  // The new server starts from nothing, so its numbering fault for the first frame is expected and the only one.
  await sending;
  await sender.drain();
  assert.deepEqual(second.stored, upTo(50).slice(10));
  assert.deepEqual(second.faults, ['frame 11 follows 0']);
});

test('refused messages are counted apart, with their reasons', async (t) => {
  const server = await serve(t, { windowBytes: 100_000, refuse: [2, 5], ackEvery: 4 });
  const sender = senderTo(t, server.url);
  await sender.open();
  await sendAll(sender, 8);
  await sender.drain();
  assert.equal(sender.report.acknowledged, 6);
  assert.equal(sender.report.rejected, 2);
  assert.deepEqual(sender.report.reasons, ['bad-payload: refused by the test', 'bad-payload: refused by the test']);
});

test('a known client counts on from its last number, or skips what the gateway has', async (t) => {
  const server = await serve(t, { windowBytes: 100_000 });
  const first = senderTo(t, server.url);
  await first.open();
  await sendAll(first, 4);
  await first.drain();
  const second = senderTo(t, server.url, { known: 'continue' });
  await second.open();
  await sendAll(second, 2);
  await second.drain();
  assert.deepEqual(server.stored, upTo(6));
  const third = senderTo(t, server.url, { known: 'skip' });
  await third.open();
  await sendAll(third, 9);
  await third.drain();
  assert.deepEqual(server.stored, upTo(9));
  assert.equal(third.report.acknowledged, 9);
});

test('a line that is no row travels whole in a frame of its own', async (t) => {
  const server = await serve(t, { windowBytes: 100_000 });
  const sender = senderTo(t, server.url);
  await sender.open();
  await sender.send({ stream: 'car/1/x', raw: '"a","b' });
  await sender.drain();
  assert.deepEqual(JSON.parse(server.frames[0] as string), { stream: 'car/1/x', seq: 1, t: '"a","b' });
});

test('a gateway that is not there is an error at once, and one that stays away an error in the end', async (t) => {
  const server = await serve(t, { windowBytes: 1000 });
  const { url } = server;
  const sender = senderTo(t, url, { giveUpMs: 200 });
  await sender.open();
  await server.stop();
  await assert.rejects(
    senderTo(t, url).open(),
    /the gateway at ws:\/\/127\.0\.0\.1:\d+\/ingest cannot be used: .*ECONNREFUSED/,
  );
  await assert.rejects(sendAll(sender, 5), /gave up after 200 ms/);
  await assert.rejects(sender.drain(), /gave up/);
});
