import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const dir = tempDir('ingest');
const gateway = await new GatewayProcess(
  dir,
  `
gateway: { mqtt: 127.0.0.1:${await freePort()}, http: 127.0.0.1:${await freePort()} }
bus: { log: { dir: ./bus } }
sinks: { raw: { type: file, from: "#", path: ./out } }
`,
).start();
after(() => gateway.stop());

async function stored(stream: string): Promise<Record<string, unknown>[]> {
  await gateway.stop();
  await gateway.start();
  return readFileSync(join(dir, 'out', `${stream}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('frames without numbers are acknowledged by their count, cumulatively', async () => {
  const client = await IngestClient.connect(gateway.http);
  assert.equal(client.hello.version, 1);
  assert.ok(client.hello.windowBytes >= 64 * 1024);
  assert.equal(client.hello.resume, undefined);
  for (let i = 0; i < 100; i++) client.send({ stream: 'counted/a', t: T + i, v: i });
  await client.until('ack of 100', () => client.acked === 100);
  const acks = client.answers.flatMap(({ ack }) => ack ?? []);
  assert.deepEqual(
    acks,
    [...acks].sort((a, b) => a - b),
  );
  await client.close();
  const rows = await stored('counted/a');
  assert.deepEqual(
    rows.map(({ v }) => v),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('what a named client sends again is acknowledged and not stored twice, also after a kill -9', async () => {
  const first = await IngestClient.connect(gateway.http, '?client=car-7');
  assert.equal(first.hello.resume, 0);
  for (let seq = 1; seq <= 10; seq++) first.send({ stream: 'named/a', seq, t: T + seq, v: seq });
  await first.until('ack of 10', () => first.acked === 10);
  for (let seq = 5; seq <= 12; seq++) first.send({ stream: 'named/a', seq, t: T + seq, v: seq });
  await first.until('ack of 12', () => first.acked === 12);
  await gateway.kill();
  await gateway.start();
  const second = await IngestClient.connect(gateway.http, '?client=car-7');
  assert.equal(second.hello.resume, 12);
  for (let seq = 1; seq <= 15; seq++) second.send({ stream: 'named/a', seq, t: T + seq, v: seq });
  await second.until('ack of 15', () => second.acked === 15);
  assert.deepEqual(second.rejects, []);
  await second.close();
  const rows = await stored('named/a');
  assert.deepEqual(
    rows.map(({ v }) => v),
    Array.from({ length: 15 }, (_, i) => i + 1),
  );
});

test('a newer connection of the same client takes over, and the older one is closed with the reason', async () => {
  const older = await IngestClient.connect(gateway.http, '?client=car-8');
  older.send({ stream: 'taken/a', seq: 1, t: T, v: 1 });
  await older.until('ack of 1', () => older.acked === 1);
  const newer = await IngestClient.connect(gateway.http, '?client=car-8');
  assert.equal(newer.hello.resume, 1);
  await older.until('the close', () => older.closed !== null);
  assert.equal(older.closed!.code, 4009);
  newer.send({ stream: 'taken/a', seq: 2, t: T, v: 2 });
  await newer.until('ack of 2', () => newer.acked === 2);
  await newer.close();
});

test('a number that is none, goes back or is missing is rejected with the reason, and the connection goes on', async () => {
  const client = await IngestClient.connect(gateway.http);
  client.send({ stream: 'numbers/a', seq: 5, t: T, v: 1 });
  for (const seq of ['abc', -1, 1.5, 2 ** 60, null, 5]) client.send({ stream: 'numbers/a', seq, t: T, v: 2 });
  client.send({ stream: 'numbers/a', seq: 100, t: T, v: 3 });
  await client.until('ack of 100', () => client.acked === 100);
  assert.deepEqual(
    client.rejects.map(({ code }) => code),
    Array(6).fill('bad-sequence'),
  );
  await client.close();
  const named = await IngestClient.connect(gateway.http, '?client=car-9');
  named.send({ stream: 'numbers/b', t: T, v: 1 });
  await named.until('a reject', () => named.rejects.length === 1);
  assert.match(named.rejects[0]!.reason, /"seq" is missing/);
  named.send({ stream: 'numbers/b', seq: 1, t: T, v: 1 });
  await named.until('ack of 1', () => named.acked === 1);
  await named.close();
  assert.deepEqual(
    (await stored('numbers/a')).map(({ v }) => v),
    [1, 3],
  );
});

test('a client that ignores the window is closed with the reason, and what was acknowledged is stored', async () => {
  const client = await IngestClient.connect(gateway.http, '?client=greedy');
  const big = 'x'.repeat(900_000);
  for (let seq = 1; seq <= 60 && client.closed === null; seq++)
    client.send({ stream: 'greedy/a', seq, t: T + seq, big });
  await client.until('the close or all acks', () => client.closed !== null || client.acked === 60);
  if (client.closed) assert.equal(client.closed.code, 4008);
  const { acked } = client;
  const again = await IngestClient.connect(gateway.http, '?client=greedy');
  assert.ok(again.hello.resume! >= acked);
  await again.close();
  assert.ok((await stored('greedy/a')).length >= acked);
});

test('a client name with other characters is refused before the upgrade', async () => {
  const socket = new WebSocket(`ws://${gateway.http}/ingest?client=${encodeURIComponent('a\nb')}`);
  const status = await new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('error', () => {});
  });
  assert.equal(status, 400);
});
