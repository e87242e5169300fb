import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import WebSocket from 'ws';
import { Logger } from '../../../core/logger.js';
import { listenHttp } from '../../../gateway/listeners/http.js';
import type { HttpListener, SocketRoute } from '../../../gateway/listeners/http-listener.js';
import { eventually } from '../../support/eventually.js';

const echo: SocketRoute = {
  payloadBytesMax: 1024 * 1024,
  unsentBytesMax: 1024 * 1024,
  subprotocols: ['mqtt'],
  accept: ({ query }) =>
    query === 'full'
      ? { status: 503, reason: 'full up' }
      : (peer) => ({
          message(data, isBinary) {
            if (!isBinary && data.toString() === 'bye') peer.end(4000, 'as you wish');
            else peer.send(isBinary ? Buffer.from(data) : data.toString());
          },
          closed() {},
        }),
};

for (const engine of ['auto', 'ws'] as const) {
  const serve = async (): Promise<HttpListener> =>
    listenHttp({
      host: '127.0.0.1',
      port: 0,
      logger: new Logger('error'),
      engine,
      routes: {
        sockets: { '/echo': echo },
        pages: {
          '/page': () => ({ status: 200, contentType: 'text/plain', body: 'hello\n' }),
          '/broken': () => {
            throw new Error('no');
          },
        },
        below: {
          '/below/': (rest) => ({ status: rest === '' ? 413 : 404, contentType: 'text/plain', body: `<${rest}>` }),
        },
      },
    });
  const open = (listener: HttpListener, path = '/echo', options: WebSocket.ClientOptions = {}) =>
    new WebSocket(`ws://${listener.address}${path}`, 'mqtt', options);

  test(`${engine}: request targets that are no URL, and peers that reset, do not stop it`, async () => {
    const listener = await serve();
    const [host, port] = listener.address.split(':') as [string, string];
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    for (const head of ['GET // HTTP/1.1', `GET // HTTP/1.1\r\n${upgrade}`, `GET http://[ HTTP/1.1\r\n${upgrade}`]) {
      const socket = connect(Number(port), host);
      socket.on('error', () => {});
      socket.write(`${head}\r\nHost: x\r\n\r\n`);
      await once(socket, 'data');
      socket.resetAndDestroy();
    }
    assert.equal(await (await fetch(`http://${listener.address}/page`)).text(), 'hello\n');
    await listener.close();
  });

  test(`${engine}: texts and bytes come back as they were sent, and the subprotocol is agreed`, async () => {
    const listener = await serve();
    const socket = open(listener);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'mqtt');
    for (const sent of ['grüße', Buffer.from([0, 1, 255]), Buffer.alloc(300_000, 7)]) {
      socket.send(sent);
      const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      assert.equal(isBinary, typeof sent !== 'string');
      assert.deepEqual(Buffer.from(data), Buffer.from(sent as string));
    }
    socket.send('bye');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    assert.equal(code, 4000);
    assert.equal(reason.toString(), 'as you wish');
    await listener.close();
  });

  test(`${engine}: an upgrade is refused with its reason when the route, the origin or the headers forbid it`, async () => {
    const listener = await serve();
    const refusal = async (path: string, headers: Record<string, string>) => {
      const [request, response] = await once(
        open(listener, path, { headers }).on('error', () => {}),
        'unexpected-response',
      );
      request.destroy();
      return response.statusCode as number;
    };
    assert.equal(await refusal('/echo?full', {}), 503);
    assert.equal(await refusal('/echo', { Origin: 'https://elsewhere.example' }), 403);
    const own = open(listener, '/echo', { headers: { Origin: `http://${listener.address}` } });
    await once(own, 'open');
    own.terminate();
    const raw = async (lines: string[]) => {
      const [host, port] = listener.address.split(':');
      const socket = connect(Number(port), host);
      socket.write(`GET /echo HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
      const [data] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return data.toString().split('\r\n', 1)[0];
    };
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    assert.match((await raw(['Upgrade: websocket', 'Connection: Upgrade', key, 'Sec-WebSocket-Version: 8']))!, / 400 /);
    assert.match(
      (await raw(['Upgrade: websocket', 'Connection: Upgrade', key, 'Sec-WebSocket-Version: 13']))!,
      / 101 /,
    );
    await listener.close();
  });

  test(`${engine}: a message over the limit closes the connection, and the listener goes on`, async () => {
    const listener = await serve();
    const socket = open(listener).on('error', () => {});
    await once(socket, 'open');
    socket.send(Buffer.alloc(2 * 1024 * 1024));
    await once(socket, 'close');
    const next = open(listener);
    await once(next, 'open');
    next.terminate();
    await listener.close();
  });

  test(`${engine}: pages are served, unknown ones are 404, and one that throws is 500 without its reason`, async () => {
    const listener = await serve();
    const get = async (path: string) => {
      const response = await fetch(`http://${listener.address}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    assert.equal(await get('/page'), '200 hello\n');
    assert.equal(await get('/nothing'), '404 not found\n');
    assert.equal(await get('/broken'), '500 internal error\n');
    assert.equal(await get('/below/car%2F4/imu?x=1'), '404 <car%2F4/imu>');
    assert.equal(await get('/below/'), '413 <>');
    assert.equal(await get('/below'), '404 not found\n');
    assert.equal((await fetch(`http://${listener.address}/below/x`, { method: 'POST' })).status, 404);
    await listener.close();
  });

  test(`${engine}: a client that goes on sending when it closes reads why when it gets to it`, async () => {
    const listener = await serve();
    const [host, port] = listener.address.split(':') as [string, string];
    const socket = connect(Number(port), host);
    const faults: Error[] = [];
    socket.on('error', (error) => faults.push(error));
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    socket.write(`GET /echo HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    const closing = listener.close();
    // Empty texts, masked with zeros, for longer than last words take.
    for (let n = 0; n < 40; n++) {
      socket.write(Buffer.from([0x81, 0x80, 0, 0, 0, 0]));
      await new Promise((next) => setTimeout(next, 5));
    }
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
    socket.resume();
    // FIN, opcode 8; 1001 behind the length.
    await eventually('a close frame', () => bytes.includes(0x88));
    const frame = bytes.subarray(bytes.indexOf(0x88));
    assert.equal(frame.readUInt16BE(2), 1001);
    assert.deepEqual(faults, []);
    socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    await closing;
  });

  test(`${engine}: an address in use is refused with its name`, async () => {
    const listener = await serve();
    const [host, port] = listener.address.split(':');
    await assert.rejects(
      listenHttp({
        host: host!,
        port: Number(port),
        logger: new Logger('error'),
        engine: 'ws',
        routes: { sockets: {}, pages: {} },
      }),
      /cannot be bound/,
    );
    await listener.close();
  });
}
