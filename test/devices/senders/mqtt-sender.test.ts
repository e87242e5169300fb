import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { field, Schema } from '../../../columnar/schema.js';
import { MqttSender, type MqttSenderOptions } from '../../../devices/senders/mqtt-sender.js';
import { senderFor } from '../../../devices/senders/open-sender.js';
import { type StrictMqttOptions, StrictMqttServer } from '../strict-mqtt-server.js';

const START_US = 1_714_564_800_000_000;
const SCHEMA = new Schema([field('n', 'f64')]);

async function serve(t: TestContext, options: StrictMqttOptions, port = 0): Promise<StrictMqttServer> {
  const server = await StrictMqttServer.start(options, port);
  t.after(() => server.stop());
  return server;
}

function senderTo(t: TestContext, port: number, options: Partial<MqttSenderOptions> = {}): MqttSender {
  const sender = new MqttSender({
    url: `mqtt://127.0.0.1:${port}`,
    version: 4,
    qos: 1,
    format: 'json',
    client: 'test',
    inFlight: 10,
    giveUpMs: 10_000,
    ...options,
  });
  t.after(() => sender.close());
  return sender;
}

async function sendAll(sender: MqttSender, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const columns = [{ values: Float64Array.of(n), nulls: null, dictionary: null }];
    const timeUs = Float64Array.of(START_US + n);
    await sender.send({ batch: { stream: 'car/1/n', schema: SCHEMA, rows: 1, timeUs, columns } });
  }
}

const numbers = (server: StrictMqttServer) => server.payloads.map((payload) => JSON.parse(payload).n as number);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test('an MQTT sender keeps its limit in flight and the order', async (t) => {
  const server = await serve(t, {});
  const sender = senderTo(t, server.port);
  await sender.open();
  await sendAll(sender, 300);
  await sender.drain();
  assert.deepEqual(numbers(server), upTo(300));
  assert.equal(server.mostInFlight, 10);
  assert.deepEqual([...server.topics], ['car/1/n']);
  assert.equal(sender.report.acknowledged, 300);
  assert.deepEqual(server.faults, []);
});

test('a version 5 sender keeps the Receive Maximum of the server and reports why a message was refused', async (t) => {
  const server = await serve(t, { receiveMaximum: 3, refuse: { text: '"n":7', code: 0x99 } });
  const sender = senderTo(t, server.port, { version: 5 });
  await sender.open();
  await sendAll(sender, 20);
  await sender.drain();
  assert.equal(server.mostInFlight, 3);
  assert.deepEqual(numbers(server), upTo(20));
  assert.equal(sender.report.acknowledged, 19);
  assert.equal(sender.report.rejected, 1);
  assert.match(sender.report.reasons[0]!, /Payload format invalid \(0x99\)/);
});

test('after a lost connection every message without an answer is sent again', async (t) => {
  const server = await serve(t, { dieAfter: 57 });
  const sender = senderTo(t, server.port);
  await sender.open();
  await sendAll(sender, 200);
  await sender.drain();
  assert.ok(server.connections >= 4, `${server.connections} connections`);
  assert.equal(sender.report.acknowledged, 200);
  assert.equal(sender.report.rejected, 0);
  assert.deepEqual(
    [...new Set(numbers(server))].sort((a, b) => a - b),
    upTo(200),
  );
  assert.deepEqual(server.faults, []);
});

test('a broker that is not there is an error at once, one that stays away an error in the end', async (t) => {
  const server = await serve(t, {});
  const { port } = server;
  const sender = senderTo(t, port, { giveUpMs: 300 });
  await sender.open();
  await server.stop();
  await assert.rejects(
    senderTo(t, port).open(),
    /the gateway at mqtt:\/\/127\.0\.0\.1:\d+\/? cannot be used: .*ECONNREFUSED/,
  );
  await assert.rejects(
    sendAll(sender, 50).then(() => sender.drain()),
    /gave up after 300 ms/,
  );
});

test('an address that is none, or a format it cannot carry, is refused with what to write', () => {
  const settings = {
    format: 'json',
    client: 'c',
    known: 'continue',
    qos: 1,
    version: 5,
    inFlight: 1,
    giveUpMs: 1,
  } as const;
  assert.throws(() => senderFor({ ...settings, url: '127.0.0.1' }), /"127\.0\.0\.1" is no address: use mqtt:/);
  assert.throws(() => senderFor({ ...settings, url: 'http://127.0.0.1' }), /is no address of a gateway: use mqtt:/);
  const packed = { ...settings, url: 'mqtt://127.0.0.1', format: 'packed', version: 4 } as const;
  assert.throws(() => senderFor(packed), /packed over MQTT needs version 5/);
});
