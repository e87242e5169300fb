import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Logger } from '../../../core/logger.js';
import { listenTcp } from '../../../gateway/listeners/tcp.js';
import type { Transport } from '../../../gateway/mqtt/transport.js';
import { RawClient } from '../mqtt/raw-client.js';

/** Echoes what it receives, as a server that the listener knows nothing else of. */
function echo() {
  const transports: Transport[] = [];
  let closed = 0;
  return {
    transports,
    get closed() {
      return closed;
    },
    logger: new Logger('error', () => {}),
    attach(transport: Transport) {
      transports.push(transport);
      return {
        receive: (chunk: Buffer) => transport.write(Buffer.from(chunk)),
        drained: () => {},
        closed: () => {
          closed++;
        },
      };
    },
  };
}

test('the listener carries bytes both ways, says where it listens, and ends what is left when it closes', async () => {
  const server = echo();
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, server });
  assert.match(listener.address, /^127\.0\.0\.1:\d+$/);
  const client = await RawClient.open(listener.address);
  client.send('0102');
  assert.equal(await client.take(2), '0102');
  assert.match(server.transports[0].remoteAddress, /^127\.0\.0\.1:\d+$/);
  const ended = await RawClient.open(listener.address);
  ended.send('03');
  assert.equal(await ended.take(1), '03');
  server.transports[1].write(Buffer.from([4]));
  server.transports[1].end();
  assert.equal(await ended.take(1), '04');
  assert.equal(await ended.isEnded(), true);
  await listener.close();
  assert.equal(await client.isEnded(), true);
  assert.equal(server.closed, 2);
});

test('a paused connection is not read until it is resumed', async () => {
  const server = echo();
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, server });
  const client = await RawClient.open(listener.address);
  client.send('01');
  assert.equal(await client.take(1), '01');
  server.transports[0].pause();
  client.send('02');
  assert.equal(await client.take(1, 50), '');
  server.transports[0].resume();
  assert.equal(await client.take(1), '02');
  await listener.close();
});

test('a port that is taken is an error of the call', async () => {
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, server: echo() });
  const port = Number(listener.address.split(':')[1]);
  await assert.rejects(listenTcp({ host: '127.0.0.1', port, server: echo() }), {
    code: 'bad-configuration',
    message: /gateway\.mqtt.*cannot be bound/,
  });
  await listener.close();
});
