import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Transport } from '../../../gateway/mqtt/transport.js';
import { connectPacket, packet, publishPacket, TestServer, type TestServerOptions } from './test-server.js';

let server: TestServer;
async function start(options: TestServerOptions): Promise<TestServer> {
  server = await TestServer.start(options);
  return server;
}
afterEach(async () => {
  assert.deepEqual(server.errors, []);
  await server.stop();
});

async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(condition(), what);
}

test('a connection that says nothing is closed, before CONNECT and after one and a half keep-alives', async () => {
  await start({ limits: { connectTimeoutMs: 200 } });
  const silent = await server.raw();
  const half = await server.raw();
  half.send('1020');
  const quick = await server.raw();
  quick.send(connectPacket(5, 'keep', { keepAliveS: 1 }));
  const lively = await server.raw();
  lively.send(connectPacket(5, 'lively', { keepAliveS: 1 }));
  await quick.take(20);
  await lively.take(20);
  const pings = setInterval(() => lively.send('c000'), 300);
  assert.equal(await silent.isEnded(), true);
  assert.equal(await half.isEnded(), true);
  assert.equal(await quick.isEnded(5000), true);
  assert.match(quick.hex, /^e0..8d/);
  clearInterval(pings);
  assert.equal(lively.ended, false);
  lively.close();
});

test('a keep-alive longer than the limit is shortened, and MQTT 5 clients are told', async () => {
  await start({ limits: { keepAliveMaxS: 30 } });
  const client = await server.raw();
  client.send(connectPacket(5, 'long', { keepAliveS: 600 }));
  assert.match(await client.take(23), /13001e/);
  client.close();
});

test('an MQTT 5 client without an identifier is given one, and the limits are told in CONNACK', async () => {
  await start({
    limits: { receiveMaximum: 100, topicAliasMaximum: 7, payloadBytes: 1_000_000, sessionExpiryMaxS: 60 },
  });
  const client = await server.raw();
  client.send(connectPacket(5, '', { expiryS: 61 }));
  const head = await client.take(2);
  const connack = await client.take(Number.parseInt(head.slice(2), 16));
  for (const property of ['110000003c', '210064', '27000f4640', '220007', '2500', '2a00', '12002c706974']) {
    assert.ok(connack.includes(property), `${property} in ${connack}`);
  }
  client.close();
});

test('connections over the limit are told why: 0x97 in MQTT 5, code 3 in 3.1.1', async () => {
  await start({ limits: { connections: 2 } });
  const first = await server.connected(4, 'one');
  const second = await server.connected(5, 'two');
  const third = await server.raw();
  third.send(connectPacket(4, 'three'));
  assert.equal(await third.take(4), '20020003');
  assert.equal(await third.isEnded(), true);
  const fourth = await server.raw();
  fourth.send(connectPacket(5, 'four'));
  assert.equal(await fourth.take(5), '2003009700');
  first.close();
  await eventually(() => server.mqtt.connections === 1, 'a place is free');
  assert.equal(await server.isAlive(), true);
  second.close();
});

test('while the memory budget is used up nothing is read and nobody new is let in; then all goes on', async () => {
  await start({ budgetBytes: 1_000_000 });
  const client = await server.connected(4, 'held');
  server.budget.take(1_000_000);
  client.send(publishPacket(4, 1, 1, 'a', 'x'));
  const refused = await server.raw();
  refused.send(connectPacket(5, 'new'));
  assert.equal(await refused.take(5), '2003009700');
  assert.equal(server.acceptor.accepted, 0);
  server.budget.release(1_000_000);
  assert.equal(await client.take(4), '40020001');
  client.close();
});

test('unfinished packets that fill the budget do not lock each other out', async () => {
  await start({ budgetBytes: 600_000 });
  const clients = await Promise.all([1, 2, 3, 4].map((number) => server.connected(4, `part-${number}`)));
  const packets = clients.map((_, i) => publishPacket(4, 1, 1, `a${i}`, 'x'.repeat(300_000)));
  for (const [i, client] of clients.entries()) client.send(packets[i].subarray(0, 250_000));
  await eventually(() => server.budget.pressed, 'the budget is used up');
  for (const [i, client] of clients.entries()) client.send(packets[i].subarray(250_000));
  for (const client of clients) assert.equal(await client.take(4, 5000), '40020001');
  assert.equal(server.acceptor.messages.length, 4);
  await eventually(() => server.budget.usedBytes === 0, 'all memory is given back');
  for (const client of clients) client.close();
});

test('the budget gets everything back when connections break in the middle of packets', async () => {
  await start({});
  const clients = [await server.connected(4, 'broken-4'), await server.connected(5, 'broken-5')];
  server.acceptor.manual = true;
  clients.forEach((client, i) => {
    const level = i === 0 ? 4 : 5;
    for (let id = 1; id < 100; id++) client.send(publishPacket(level, 1, id, 'a', 'x'));
    client.send(publishPacket(level, 1, 100, 'a', 'x'.repeat(200_000)).subarray(0, 150_000));
  });
  await eventually(() => server.budget.usedBytes > 250_000, 'the budget counts unfinished packets');
  for (const client of clients) client.close();
  await eventually(() => server.budget.usedBytes === 0, 'all memory is given back');
});

test('65,535 QoS 2 identifiers that are never released are answered, keep a bounded memory, and disturb nobody', async () => {
  await start({});
  server.acceptor.keepMessages = false;
  const client = await server.connected(4, 'hoarder');
  const before = process.memoryUsage().heapUsed;
  for (let from = 1; from < 65_536; from += 4096) {
    const block: Buffer[] = [];
    for (let id = from; id < Math.min(65_536, from + 4096); id++) block.push(publishPacket(4, 2, id, 'a', 'x'));
    client.send(Buffer.concat(block));
    const answers = await client.take(block.length * 4, 10_000);
    assert.equal(answers.length, block.length * 8);
  }
  assert.equal(server.acceptor.accepted, 65_535);
  // Every one of them once more: answered, not stored.
  client.send(publishPacket(4, 2, 65_535, 'a', 'x', true));
  assert.equal(await client.take(4), '5002ffff');
  assert.equal(server.acceptor.accepted, 65_535);
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
  assert.equal(await server.isAlive(), true);
  client.close();
});

test('live rows go to those who read, and are dropped and counted for those who do not', async () => {
  await start({ limits: { unsentBytesMax: 200_000 } });
  const slow = await server.connected(4, 'slow');
  const fast = await server.connected(5, 'fast');
  slow.send('8206000100012300');
  fast.send('82090001020b0700012300');
  await slow.take(5);
  await fast.take(6);
  slow.socket.pause();
  const payload = Buffer.alloc(50_000, 0x78);
  let read = 0;
  for (let i = 0; i < 200; i++) {
    server.feed.publish('a', payload);
    const bytes = await fast.take(1 + 3 + 3 + 3 + payload.length);
    read += bytes.startsWith('30d686030001' + '61020b07') ? 1 : 0;
  }
  assert.equal(read, 200);
  assert.ok(server.mqtt.liveDropped > 0);
  assert.equal(server.mqtt.liveSent + server.mqtt.liveDropped, 400);
  slow.close();
  fast.close();
});

/** A transport whose network takes nothing until it is told to. */
class StuckTransport implements Transport {
  readonly remoteAddress = 'stuck';
  readonly sent: Uint8Array[] = [];
  unsentBytes = 0;
  paused = false;
  ended = false;
  constructor(readonly canPause: boolean) {}
  write(bytes: Uint8Array): void {
    this.sent.push(bytes);
    this.unsentBytes += bytes.length;
  }
  end(): void {
    this.ended = true;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

test('a client that does not read its answers is not read either, until they have left', async () => {
  await start({ limits: { unsentBytesMax: 1000 } });
  const transport = new StuckTransport(true);
  const connection = server.mqtt.attach(transport);
  connection.receive(connectPacket(4, 'deaf'));
  connection.receive(Buffer.from('c000'.repeat(498), 'hex'));
  assert.equal(transport.paused, false);
  connection.receive(Buffer.from('c000', 'hex'));
  assert.equal(transport.unsentBytes, 1002);
  assert.equal(transport.paused, true);
  transport.unsentBytes = 0;
  connection.drained();
  assert.equal(transport.paused, false);
  connection.closed();
});

test('a connection that cannot be paused is ended when it does not read, or when it overruns the memory budget', async () => {
  await start({ limits: { unsentBytesMax: 1000 }, budgetBytes: 100_000 });
  const deaf = new StuckTransport(false);
  const first = server.mqtt.attach(deaf);
  first.receive(connectPacket(4, 'deaf'));
  first.receive(Buffer.from('c000'.repeat(2001), 'hex'));
  assert.equal(deaf.ended, true);
  first.closed();
  const flood = new StuckTransport(false);
  const second = server.mqtt.attach(flood);
  second.receive(connectPacket(5, 'flood'));
  server.budget.take(110_000);
  second.receive(publishPacket(5, 0, 0, 'a', 'x'));
  assert.equal(flood.ended, false);
  assert.equal(server.acceptor.accepted, 1);
  server.budget.take(20_000);
  second.receive(publishPacket(5, 0, 0, 'a', 'x'));
  assert.equal(server.acceptor.accepted, 1);
  assert.equal(flood.ended, true);
  assert.match(Buffer.from(flood.sent.at(-1)!).toString('hex'), /^e0..97/);
  second.closed();
  server.budget.release(130_000);
});

test('chunks are used during the call only, whole, cut, or waiting for CONNACK', async () => {
  let decide: (allowed: boolean) => void = () => {};
  const decided = new Promise<boolean>((resolve) => {
    decide = resolve;
  });
  await start({ authenticate: () => decided });
  const transport = new StuckTransport(false);
  const connection = server.mqtt.attach(transport);
  const receive = (bytes: Buffer) => {
    const chunk = Buffer.from(bytes);
    connection.receive(chunk);
    chunk.fill(0xff);
  };
  const packets = Buffer.concat([connectPacket(4, 'reused'), publishPacket(4, 1, 1, 'a', 'first')]);
  receive(packets.subarray(0, packets.length - 4));
  receive(packets.subarray(packets.length - 4));
  decide(true);
  await decided;
  await new Promise((resolve) => setImmediate(resolve));
  const second = publishPacket(4, 1, 2, 'a', 'second');
  receive(second.subarray(0, 5));
  receive(second.subarray(5));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    server.acceptor.messages.map(({ payload }) => payload),
    ['first', 'second'],
  );
  assert.equal(Buffer.concat(transport.sent).toString('hex'), '200200004002000140020002');
  connection.closed();
  assert.equal(server.budget.usedBytes, 0);
});

test('the answers of a connection that become durable together leave in one write', async () => {
  await start({});
  server.acceptor.manual = true;
  const transport = new StuckTransport(true);
  const connection = server.mqtt.attach(transport);
  connection.receive(connectPacket(4, 'one-write'));
  const packets = Array.from({ length: 1000 }, (_, i) => publishPacket(4, 1, i + 1, 'a', 'x'));
  connection.receive(Buffer.concat(packets));
  assert.equal(transport.sent.length, 1);
  server.acceptor.commit();
  assert.equal(transport.sent.length, 2);
  assert.equal(transport.sent[1].length, 4000);
  connection.closed();
});

test('subscriptions that are not supported are answered as such', async () => {
  await start({ limits: { subscriptionsMax: 2 } });
  const client = await server.connected(5, 'subscriber');
  const filter = (text: string, options: number) => [0, text.length, ...Buffer.from(text), options];
  const body = [
    ...[0, 1, 0],
    ...filter('$share/g/a', 0),
    ...filter('nolocal', 4),
    ...filter('a', 2),
    ...filter('b', 1),
    ...filter('c', 0),
  ];
  client.send(packet(0x82, Buffer.from(body)));
  assert.equal(await client.take(10), '90080001009e83000097');
  client.send(packet(0xa2, Buffer.from([0, 2, 0, 0, 1, 0x61, 0, 1, 0x7a])));
  assert.equal(await client.take(7), 'b00500020000' + '11');
  client.close();
});

test('authentication decides, at once or later, and what came meanwhile is not lost', async () => {
  const seen: unknown[] = [];
  await start({
    authenticate: (clientId, username, password) => {
      seen.push([clientId, username, password?.toString() ?? null]);
      const allowed = username === 'u';
      if (clientId.startsWith('sync')) return allowed;
      return new Promise((resolve) => setTimeout(() => resolve(allowed), 20));
    },
  });
  const connect = (level: number, id: string, username: string) =>
    packet(
      0x10,
      Buffer.from([
        ...[0, 4, 77, 81, 84, 84, level, 0xc2, 0, 0, ...(level === 5 ? [0] : []), 0, id.length],
        ...Buffer.from(id),
        ...[0, 1, ...Buffer.from(username), 0, 1, 0x70],
      ]),
    );
  for (const id of ['sync', 'later']) {
    const good = await server.raw();
    const burst = Buffer.concat([
      connect(4, id, 'u'),
      publishPacket(4, 1, 1, 'a', 'x'),
      publishPacket(4, 1, 2, 'a', 'y'),
    ]);
    good.send(burst.subarray(0, burst.length - 3));
    good.send(burst.subarray(burst.length - 3));
    assert.equal(await good.take(12), '200200004002000140020002');
    good.close();
    const bad4 = await server.raw();
    bad4.send(connect(4, id, 'v'));
    assert.equal(await bad4.take(4), '20020004');
    assert.equal(await bad4.isEnded(), true);
    const bad5 = await server.raw();
    bad5.send(connect(5, id, 'v'));
    assert.equal(await bad5.take(5), '2003008600');
    assert.equal(await bad5.isEnded(), true);
  }
  assert.deepEqual(seen[0], ['sync', 'u', 'p']);
  assert.equal(server.acceptor.messages.length, 4);
});
