import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { connectPacket, packet, publishPacket, TestServer } from '../gateway/mqtt/test-server.js';

/** What a client may send beside the vectors: the server lives, answers a fresh CONNECT, and has stored nothing. */
let server: TestServer;
before(async () => {
  server = await TestServer.start();
});
after(() => server.stop());
afterEach(async () => {
  assert.equal(await server.isAlive(), true);
  assert.deepEqual(server.errors, []);
});

type Level = 4 | 5;
const LEVELS: Level[] = [4, 5];

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}
const none = (level: Level) => Buffer.from(level === 5 ? [0] : []);

/** The smallest valid packets a connected client may send, by name. */
function minimalPackets(level: Level): [name: string, bytes: Buffer][] {
  return [
    ['PUBLISH 0', publishPacket(level, 0, 0, 'a', '')],
    ['PUBLISH 1', publishPacket(level, 1, 1, 'a', 'x')],
    ['PUBLISH 2', publishPacket(level, 2, 2, 'a', 'x')],
    ['PUBACK', Buffer.from('40020001', 'hex')],
    ['PUBREC', Buffer.from('50020001', 'hex')],
    ['PUBREL', Buffer.from('62020001', 'hex')],
    ['PUBCOMP', Buffer.from('70020001', 'hex')],
    ['SUBSCRIBE', packet(0x82, Buffer.concat([Buffer.from([0, 3]), none(level), text('b'), Buffer.from([0])]))],
    ['UNSUBSCRIBE', packet(0xa2, Buffer.concat([Buffer.from([0, 4]), none(level), text('b')]))],
    ['PINGREQ', Buffer.from('c000', 'hex')],
    ['DISCONNECT', Buffer.from('e000', 'hex')],
  ];
}

test('every pair of packets in one segment, and one byte a segment, is read as two packets', async () => {
  for (const level of LEVELS) {
    for (const [nameA, a] of minimalPackets(level)) {
      for (const [nameB, b] of minimalPackets(level)) {
        const client = await server.connected(level, `pair-${level}`);
        client.send(Buffer.concat([a, b, Buffer.from('c000', 'hex')]));
        const ends = nameA === 'DISCONNECT' || nameB === 'DISCONNECT';
        if (ends) assert.equal(await client.isEnded(), true, `${nameA}, ${nameB}`);
        else {
          while (!client.hex.includes('d000') && !client.ended) await new Promise((resolve) => setTimeout(resolve, 1));
          assert.equal(client.ended, false, `${nameA}, ${nameB} at level ${level}`);
        }
        client.close();
      }
    }
    const all = Buffer.concat(minimalPackets(level).map(([, bytes]) => bytes));
    const client = await server.connected(level, `bytes-${level}`);
    for (const byte of all) {
      client.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await client.isEnded(), true);
    assert.ok(client.hex.includes('d000'), 'the PINGREQ before DISCONNECT is answered');
    client.close();
  }
});

test('a packet cut at any byte, with the connection broken there, is not stored', async () => {
  server.acceptor.messages.length = 0;
  for (const level of LEVELS) {
    const valid = [
      connectPacket(level, 'cut-connect', { expiryS: 5 }),
      ...minimalPackets(level).map(([, bytes]) => bytes),
      publishPacket(level, 1, 1, 'a', 'x'.repeat(200)),
    ];
    for (const bytes of valid) {
      for (let cut = 1; cut < bytes.length; cut++) {
        const isConnect = bytes === valid[0];
        const client = isConnect ? await server.raw() : await server.connected(level, `cut-${level}`);
        client.send(bytes.subarray(0, cut));
        client.socket.end();
        assert.equal(await client.isEnded(), true, `${bytes.toString('hex')} cut at ${cut}`);
      }
    }
  }
  assert.deepEqual(server.acceptor.messages, []);
});

test('a length field that is off by one is never more than a protocol error', async () => {
  for (const level of LEVELS) {
    for (const [name, bytes] of minimalPackets(level)) {
      for (const delta of [-1, 1]) {
        if (bytes[1] + delta < 0) continue;
        const wrong = Buffer.from(bytes);
        wrong[1] += delta;
        const client = await server.connected(level, `length-${level}`);
        client.send(wrong);
        client.socket.end();
        assert.equal(await client.isEnded(), true, name);
      }
    }
    const connect = connectPacket(level, 'length');
    for (let at = 1; at < connect.length; at++) {
      for (const delta of [-1, 1]) {
        const wrong = Buffer.from(connect);
        wrong[at] += delta;
        const client = await server.raw();
        client.send(wrong);
        client.socket.end();
        assert.equal(await client.isEnded(), true, `CONNECT byte ${at}`);
      }
    }
  }
});

test('a Remaining Length of five bytes, or longer than needed, ends the connection and stores nothing', async () => {
  server.acceptor.messages.length = 0;
  for (const level of LEVELS) {
    for (const hex of ['308080808001', '30ffffffff01', 'c08000', '3a8600000161000178', '32868000000161000178']) {
      const client = await server.connected(level, 'lengths');
      client.send(hex);
      assert.equal(await client.isEnded(), true, hex);
    }
  }
  for (const hex of ['10ffffffffff', '1080808000']) {
    const client = await server.raw();
    client.send(hex);
    assert.equal(await client.isEnded(), true, hex);
    assert.equal(client.hex, '');
  }
  assert.deepEqual(server.acceptor.messages, []);
});

test('a first packet that is not CONNECT ends the connection without an answer: TLS, HTTP, MQTT, noise', async () => {
  const first: [string, Buffer][] = [
    ['a TLS hello', Buffer.from('16030100f8010000f40303', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-x\r\n')],
    ['zeros', Buffer.alloc(64)],
    ...minimalPackets(4),
  ];
  for (const [name, bytes] of first) {
    const client = await server.raw();
    client.send(bytes);
    assert.equal(await client.isEnded(), true, name);
    assert.equal(client.hex, '', name);
  }
});

test('topics of 65,535 levels by PUBLISH, SUBSCRIBE, UNSUBSCRIBE and will harm nobody', async () => {
  const { acceptor } = server;
  acceptor.refuse = () => ({ code: 'bad-stream-name', reason: 'too deep', storedRows: 0, refusedRows: 0 });
  const deep = '/'.repeat(65_535);
  for (const level of LEVELS) {
    const client = await server.connected(level, 'deep');
    client.send(publishPacket(level, 1, 1, deep, 'x'));
    const answer = await client.take(level === 5 ? 17 : 4);
    assert.match(answer, level === 5 ? /^400f000190/ : /^40020001$/);
    const subscribe = Buffer.concat([Buffer.from([0, 2]), none(level), text(deep), Buffer.from([0])]);
    client.send(packet(0x82, subscribe));
    assert.equal(await client.take(level === 5 ? 6 : 5), level === 5 ? '90040002008f' : '9003000280');
    client.send(packet(0xa2, Buffer.concat([Buffer.from([0, 3]), none(level), text(deep)])));
    assert.equal(await client.take(level === 5 ? 6 : 4), level === 5 ? 'b00400030011' : 'b0020003');
    client.close();
    const willing = await server.raw();
    const head = Buffer.from([0, 4, 77, 81, 84, 84, level, 6, 0, 0, ...none(level)]);
    willing.send(packet(0x10, Buffer.concat([head, text('w'), none(level), text(deep), text('gone')])));
    assert.match(await willing.take(level === 5 ? 20 : 4), /^20..0000/);
    willing.close();
  }
  acceptor.refuse = () => null;
});

test('random packets end in an answer or a closed connection, never in a fault', async () => {
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  for (let round = 0; round < 600; round++) {
    const level = LEVELS[round % 2];
    const valid = minimalPackets(level);
    const bytes = Buffer.concat([valid[random(valid.length)][1], valid[random(valid.length)][1]]);
    for (let flips = random(4) + 1; flips > 0; flips--) bytes[random(bytes.length)] = random(256);
    const client = round % 5 === 0 ? await server.raw() : await server.connected(level, 'noise');
    client.send(bytes);
    client.socket.end();
    assert.equal(await client.isEnded(), true, bytes.toString('hex'));
  }
});
