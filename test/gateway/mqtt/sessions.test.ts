import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { connectPacket, packet, publishPacket, TestServer } from './test-server.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  assert.deepEqual(server.errors, []);
  await server.stop();
});

/** The gateway is killed, and starts again with what was durable. */
async function crash(): Promise<void> {
  const acceptor = server.acceptor.crash();
  await server.stop();
  server = await TestServer.start({ acceptor });
}

async function sessionPresent(level: 4 | 5, clientId: string, clean: boolean, expiryS: number) {
  const client = await server.raw();
  client.send(connectPacket(level, clientId, { clean, expiryS }));
  const head = await client.take(2);
  const connack = await client.take(Number.parseInt(head.slice(2), 16));
  assert.equal(connack.slice(2, 4), '00', 'CONNACK accepts');
  return { client, present: connack.slice(0, 2) === '01' };
}

const stored = () => server.acceptor.messages.map(({ payload }) => payload);
const factKeys = () => [...server.acceptor.facts_.keys()].sort();

for (const level of [4, 5] as const) {
  test(`a QoS 2 message sent again after a crash is answered and not stored twice (level ${level})`, async () => {
    const first = await sessionPresent(level, 'car44', false, 600);
    assert.equal(first.present, false);
    first.client.send(publishPacket(level, 2, 5, 'a', 'once'));
    assert.equal(await first.client.take(4), '50020005');
    await crash();
    const again = await sessionPresent(level, 'car44', false, 600);
    assert.equal(again.present, true);
    again.client.send(publishPacket(level, 2, 5, 'a', 'once', true));
    assert.equal(await again.client.take(4), '50020005');
    again.client.send('62020005');
    assert.equal(await again.client.take(4), '70020005');
    assert.deepEqual(stored(), ['once']);
    // Released: the identifier is free, before and after another crash.
    again.client.send(publishPacket(level, 2, 5, 'a', 'twice'));
    assert.equal(await again.client.take(4), '50020005');
    again.client.send('62020005');
    assert.equal(await again.client.take(4), '70020005');
    await crash();
    const last = await sessionPresent(level, 'car44', false, 600);
    last.client.send(publishPacket(level, 2, 5, 'a', 'three'));
    assert.equal(await last.client.take(4), '50020005');
    assert.deepEqual(stored(), ['once', 'twice', 'three']);
    last.client.close();
  });

  test(`a QoS 2 message that was not durable at the crash is stored when it is sent again (level ${level})`, async () => {
    const first = await sessionPresent(level, 'car44', false, 600);
    await new Promise((resolve) => setImmediate(resolve));
    server.acceptor.manual = true;
    first.client.send(publishPacket(level, 2, 5, 'a', 'lost'));
    first.client.send('c000');
    assert.equal(await first.client.take(2), 'd000');
    await crash();
    const again = await sessionPresent(level, 'car44', false, 600);
    again.client.send(publishPacket(level, 2, 5, 'a', 'lost', true));
    assert.equal(await again.client.take(4), '50020005');
    assert.deepEqual(stored(), ['lost']);
    again.client.close();
  });

  test(`a clean start forgets held identifiers before it is answered (level ${level})`, async () => {
    const first = await sessionPresent(level, 'car44', false, 600);
    first.client.send(publishPacket(level, 2, 5, 'a', 'one'));
    assert.equal(await first.client.take(4), '50020005');
    assert.equal(factKeys().length, 2);
    first.client.close();
    server.acceptor.manual = true;
    const fresh = await server.raw();
    fresh.send(connectPacket(level, 'car44', { clean: true }));
    fresh.send(publishPacket(level, 2, 5, 'a', 'two'));
    assert.equal(await fresh.take(1, 50), '', 'CONNACK waits for the commit');
    assert.deepEqual(stored(), ['one']);
    server.acceptor.commit();
    const head = await fresh.take(2);
    await fresh.take(Number.parseInt(head.slice(2), 16));
    fresh.send('c000');
    assert.equal(await fresh.take(2), 'd000');
    server.acceptor.commit();
    assert.equal(await fresh.take(4), '50020005');
    assert.deepEqual(stored(), ['one', 'two']);
    assert.deepEqual(factKeys(), []);
    fresh.close();
  });
}

test('PUBCOMP leaves when the release is durable, also for an identifier that is not held', async () => {
  const { client } = await sessionPresent(4, 'slow', false, 0);
  client.send(publishPacket(4, 2, 5, 'a', 'x'));
  assert.equal(await client.take(4), '50020005');
  server.acceptor.manual = true;
  client.send('6202000562020006c000');
  assert.equal(await client.take(2), 'd000');
  server.acceptor.commit();
  assert.equal(await client.take(8), '7002000570020006');
  client.close();
});

test('a message still on its way to the disk is answered on the connection that takes over, when it is durable', async () => {
  const { client } = await sessionPresent(4, 'mover', false, 0);
  await new Promise((resolve) => setImmediate(resolve));
  server.acceptor.manual = true;
  client.send(publishPacket(4, 2, 5, 'a', 'x'));
  client.send('c000');
  assert.equal(await client.take(2), 'd000');
  const { client: successor, present } = await sessionPresent(4, 'mover', false, 0);
  assert.equal(present, true);
  assert.equal(await client.isEnded(), true);
  successor.send(publishPacket(4, 2, 5, 'a', 'x', true));
  successor.send('c000');
  assert.equal(await successor.take(2), 'd000');
  server.acceptor.commit();
  assert.equal(await successor.take(4), '50020005');
  assert.deepEqual(stored(), ['x']);
  successor.close();
});

test('a new connection with the same client identifier ends the older one, with 0x8E in MQTT 5', async () => {
  const older = await server.connected(5, 'twin');
  const newer = await server.connected(5, 'twin');
  assert.equal(await older.isEnded(), true);
  assert.match(older.hex, /^e0..8e/);
  assert.equal(server.mqtt.connections, 1);
  newer.send('c000');
  assert.equal(await newer.take(2), 'd000');
  newer.close();
});

test('a session with an expiry outlives its connection, and one without does not', async () => {
  const short = await sessionPresent(5, 'short', false, 1);
  short.client.send('e000');
  assert.equal(await short.client.isEnded(), true);
  assert.equal((await sessionPresent(5, 'short', false, 1)).present, true);
  const none = await sessionPresent(5, 'none', false, 0);
  none.client.send('e000');
  assert.equal(await none.client.isEnded(), true);
  assert.equal((await sessionPresent(5, 'none', false, 0)).present, false);
  // DISCONNECT may shorten the expiry to nothing.
  const changed = await sessionPresent(5, 'changed', false, 600);
  changed.client.send('e00700051100000000');
  assert.equal(await changed.client.isEnded(), true);
  assert.equal((await sessionPresent(5, 'changed', false, 600)).present, false);
});

test('subscriptions of a kept session go on after a crash', async () => {
  const first = await sessionPresent(4, 'watcher', false, 0);
  first.client.send('8206000100016100');
  assert.equal(await first.client.take(5), '9003000100');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await crash();
  const again = await sessionPresent(4, 'watcher', false, 0);
  assert.equal(again.present, true);
  const publisher = await server.connected(4, 'publisher');
  publisher.send(publishPacket(4, 0, 0, 'a', 'x'));
  assert.equal(await again.client.take(6), '300400016178');
  again.client.close();
  publisher.close();
});

function connectWithWill(level: 4 | 5, clientId: string, delayS: number | null): Buffer {
  const flags = 0x04 | (level === 5 ? 0 : 2);
  const properties = level === 5 ? [5, 0x11, 0, 0, 0, 60] : [];
  const willProperties = level === 5 ? (delayS === null ? [0] : [5, 0x18, 0, 0, 0, delayS]) : [];
  return packet(
    0x10,
    Buffer.from([
      ...[0, 4, 77, 81, 84, 84, level, flags, 0, 0, ...properties, 0, clientId.length],
      ...Buffer.from(clientId),
      ...willProperties,
      ...[0, 4, ...Buffer.from('will'), 0, 4, ...Buffer.from('gone')],
    ]),
  );
}

async function willClient(level: 4 | 5, clientId: string, delayS: number | null = null) {
  const client = await server.raw();
  client.send(connectWithWill(level, clientId, delayS));
  const head = await client.take(2);
  await client.take(Number.parseInt(head.slice(2), 16));
  return client;
}

async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(condition(), what);
}

for (const level of [4, 5] as const) {
  test(`a will is published when the connection breaks, and not after DISCONNECT (level ${level})`, async () => {
    const polite = await willClient(level, 'polite');
    polite.send('e000');
    assert.equal(await polite.isEnded(), true);
    const rude = await willClient(level, 'rude');
    rude.close();
    await eventually(() => stored().length > 0, 'the will is stored');
    assert.deepEqual(
      server.acceptor.messages.map(({ client, stream, payload }) => [client.split('@')[0], stream, payload]),
      [['rude', 'will', 'gone']],
    );
  });
}

test('DISCONNECT 0x04 publishes the will', async () => {
  const client = await willClient(5, 'asks');
  client.send('e00104');
  assert.equal(await client.isEnded(), true);
  await eventually(() => stored().length > 0, 'the will is stored');
});

test('a delayed will is published after its delay, and dropped when the client comes back before', async () => {
  (await willClient(5, 'back', 1)).close();
  await eventually(() => server.mqtt.connections === 0, 'the connection is gone');
  const back = await sessionPresent(5, 'back', false, 60);
  assert.equal(back.present, true);
  (await willClient(5, 'away', 1)).close();
  await eventually(() => stored().length > 0, 'the will is stored');
  assert.deepEqual(
    server.acceptor.messages.map(({ client }) => client.split('@')[0]),
    ['away'],
  );
  back.client.close();
});

test('a will that the server cannot keep its word on is refused', async () => {
  const retained = await server.raw();
  const bytes = connectWithWill(5, 'retained', null);
  bytes[9] |= 0x20;
  retained.send(bytes);
  assert.equal(await retained.take(5), '2003009a00');
  assert.equal(await retained.isEnded(), true);
});
