import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { RawClient } from './raw-client.js';
import { connectPacket, packet, publishPacket, TestServer } from './test-server.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  assert.deepEqual(server.errors, []);
  await server.stop();
});

/** PINGREQ is answered at once, so what came before it has been read. */
async function settled(client: RawClient): Promise<string> {
  client.send('c000');
  let all = '';
  while (!all.endsWith('d000')) {
    const next = await client.take(1);
    assert.notEqual(next, '', `no PINGRESP after ${all}`);
    all += next;
  }
  return all.slice(0, -4);
}

test('PUBACK and PUBREC leave when the message is durable, not before', async () => {
  server.acceptor.manual = true;
  for (const level of [4, 5] as const) {
    const client = await server.connected(level, `durable-${level}`);
    client.send(publishPacket(level, 1, 10, 'car/44/imu', '{"ax":1}'));
    client.send(publishPacket(level, 2, 11, 'car/44/imu', '{"ax":2}'));
    client.send(publishPacket(level, 0, 0, 'car/44/imu', '{"ax":3}'));
    assert.equal(await settled(client), '');
    server.acceptor.commit();
    assert.equal(await client.take(8), '4002000a5002000b');
    client.send('6202000b');
    assert.equal(await client.take(4), '7002000b');
    client.close();
  }
  assert.deepEqual(
    server.acceptor.messages.map(({ stream, payload }) => [stream, payload]),
    [1, 2, 3, 1, 2, 3].map((ax) => ['car/44/imu', `{"ax":${ax}}`]),
  );
});

test('a PUBACK held past the commit never answers a later owner of the identifier', async () => {
  server.acceptor.manual = true;
  const client = await server.connected(4, 'reuse');
  client.send(publishPacket(4, 1, 1, 'a', 'first'));
  await settled(client);
  const { acceptor } = server;
  // The same identifier again on this connection, in a later cut.
  acceptor.seal();
  client.send(publishPacket(4, 1, 1, 'a', 'second'));
  await settled(client);
  acceptor.commit();
  assert.equal(await settled(client), '');
  acceptor.commit();
  assert.equal(await client.take(4), '40020001');

  // The same client identifier on a later connection.
  client.send(publishPacket(4, 1, 9, 'a', 'third'));
  await settled(client);
  const successor = await server.connected(4, 'reuse');
  assert.equal(await client.isEnded(), true);
  acceptor.commit();
  assert.equal(await settled(successor), '');
  successor.close();
});

test('what the intake refuses is answered: 0x99 with a reason in MQTT 5, a plain PUBACK in 3.1.1', async () => {
  server.acceptor.refuse = (stream) => {
    if (stream === 'bad/name') return { code: 'bad-stream-name', reason: 'no', storedRows: 0, refusedRows: 0 };
    if (stream === 'part') return { code: 'type-contradiction', reason: 'row 2', storedRows: 1, refusedRows: 1 };
    return { code: 'bad-payload', reason: 'not JSON', storedRows: 0, refusedRows: 1 };
  };
  const v5 = await server.connected(5, 'refused-5');
  v5.send(publishPacket(5, 1, 1, 'x', '{'));
  assert.equal(await v5.take(17), `400f0001990b1f0008${Buffer.from('not JSON').toString('hex')}`);
  v5.send(publishPacket(5, 1, 2, 'bad/name', '{'));
  assert.equal(await v5.take(11), '4009000290051f00026e6f');
  v5.send(publishPacket(5, 1, 3, 'part', '{'));
  assert.equal(await v5.take(14), `400c000300081f0005${Buffer.from('row 2').toString('hex')}`);
  // A refused QoS 2 message ends with PUBREC: its identifier is free.
  v5.send(publishPacket(5, 2, 4, 'x', '{'));
  assert.equal(await v5.take(17), `500f0004990b1f0008${Buffer.from('not JSON').toString('hex')}`);
  v5.send('62020004');
  assert.equal(await v5.take(5), '7003000492');
  const v4 = await server.connected(4, 'refused-4');
  v4.send(publishPacket(4, 1, 1, 'x', '{'));
  v4.send(publishPacket(4, 2, 2, 'x', '{'));
  assert.equal(await v4.take(8), '4002000150020002');
  assert.equal(server.mqtt.refused, 6);
  v4.close();
  v5.close();
});

test('Request Problem Information 0 and a small Maximum Packet Size leave the reason string out', async () => {
  server.acceptor.refuse = () => ({ code: 'bad-payload', reason: 'not JSON', storedRows: 0, refusedRows: 1 });
  const connect = (properties: number[]) =>
    packet(0x10, Buffer.from([0, 4, 77, 81, 84, 84, 5, 2, 0, 0, properties.length, ...properties, 0, 1, 0x70]));
  const quiet = await server.raw();
  quiet.send(connect([0x17, 0]));
  await quiet.take(20);
  quiet.send(publishPacket(5, 1, 1, 'x', '{'));
  assert.equal(await quiet.take(5), '4003000199');
  const small = await server.raw();
  small.send(connect([0x27, 0, 0, 0, 21]));
  await small.take(20);
  small.send(publishPacket(5, 1, 1, 'x', '{'));
  assert.equal(await small.take(17), `400f0001990b1f0008${Buffer.from('not JSON').toString('hex')}`);
  small.close();
  quiet.close();
});

test('the content type of MQTT 5 is the format, and topic aliases stand for their topic', async () => {
  const client = await server.connected(5, 'alias');
  const body = (topic: string, properties: number[]) =>
    packet(
      0x30,
      Buffer.concat([
        Buffer.from([0, topic.length]),
        Buffer.from(topic),
        Buffer.from([properties.length, ...properties]),
        Buffer.from('1'),
      ]),
    );
  const avro = [...Buffer.from('avro')];
  client.send(body('car/1/imu', [0x23, 0, 1, 0x03, 0, 4, ...avro]));
  client.send(body('', [0x23, 0, 1]));
  client.send(body('car/2/imu', [0x23, 0, 1]));
  client.send(body('', [0x23, 0, 1]));
  client.send(body('car/3/imu', []));
  await settled(client);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    server.acceptor.messages.map(({ stream, format }) => [stream, format]),
    [
      ['car/1/imu', 'avro'],
      ['car/1/imu', null],
      ['car/2/imu', null],
      ['car/2/imu', null],
      ['car/3/imu', null],
    ],
  );
  client.send(body('', [0x23, 0, 2]));
  assert.equal(await client.isEnded(), true);
  assert.match(client.hex, /^e0..82/);
});

test('a publisher that sends more than the receive maximum gets 0x93', async () => {
  await server.stop();
  server = await TestServer.start({ limits: { receiveMaximum: 3 } });
  server.acceptor.manual = true;
  const client = await server.connected(5, 'eager');
  for (let id = 1; id <= 3; id++) client.send(publishPacket(5, id === 2 ? 2 : 1, id, 'a', 'x'));
  await settled(client);
  server.acceptor.commit();
  assert.equal(await client.take(12), '400200015002000240020003');
  // The QoS 2 message is not finished, so two more fit.
  client.send(publishPacket(5, 1, 4, 'a', 'x'));
  client.send(publishPacket(5, 1, 5, 'a', 'x'));
  assert.equal(await settled(client), '');
  client.send('62020002');
  assert.equal(await settled(client), '70020002');
  client.send(publishPacket(5, 1, 6, 'a', 'x'));
  assert.equal(await settled(client), '');
  client.send(publishPacket(5, 1, 7, 'a', 'x'));
  assert.equal(await client.isEnded(), true);
  assert.match(client.hex, /^e0..93/);
});

test('a packet above the maximum is refused by its header: 0x95 in MQTT 5, a close in 3.1.1', async () => {
  await server.stop();
  server = await TestServer.start({ limits: { payloadBytes: 1000 } });
  for (const level of [4, 5] as const) {
    const fits = await server.connected(level, `fits-${level}`);
    fits.send(publishPacket(level, 1, 1, 'a', 'x'.repeat(1000)));
    assert.equal(await fits.take(4), '40020001');
    fits.close();
    const large = await server.connected(level, `large-${level}`);
    large.send('30ffff7f0001');
    assert.equal(await large.isEnded(), true);
    assert.match(large.hex, level === 5 ? /^e0..95/ : /^$/);
  }
});

test('a failed commit ends its connections without an acknowledgement', async () => {
  server.acceptor.manual = true;
  const v4 = await server.connected(4, 'fail-4');
  const v5 = await server.connected(5, 'fail-5');
  v4.send(publishPacket(4, 1, 1, 'a', 'x'));
  v5.send(publishPacket(5, 1, 1, 'a', 'x'));
  await settled(v4);
  await settled(v5);
  server.acceptor.fail('the disk is gone');
  assert.equal(await v4.isEnded(), true);
  assert.equal(await v5.isEnded(), true);
  assert.equal(v4.hex, '');
  assert.match(v5.hex, /^e0..80/);
});

test('closing waits for acknowledgements that are owed, then says 0x8B', async () => {
  server.acceptor.manual = true;
  const client = await server.connected(5, 'last');
  client.send(publishPacket(5, 1, 1, 'a', 'x'));
  await settled(client);
  const closing = server.mqtt.close();
  const late = await server.raw();
  late.send(connectPacket(4, 'late'));
  assert.equal(await late.isEnded(), true);
  assert.equal(client.hex, '');
  server.acceptor.commit();
  await closing;
  assert.equal(await client.isEnded(), true);
  assert.match(client.hex, /^40020001e0..8b/);
});
