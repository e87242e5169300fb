import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const ROWS = 150;
const CARS = 3;

/** Answers late, and in an order of its own; nothing while it `hangs`. */
class ModelServer {
  hangs = false;
  under = 0;
  most = 0;
  asked = 0;
  private readonly server = createServer(async (request, response) => {
    this.asked++;
    this.most = Math.max(this.most, ++this.under);
    response.on('close', () => this.under--);
    const n = Number(new URL(request.url!, 'http://model').searchParams.get('n'));
    await sleep((n * 7) % 5);
    while (this.hangs && !response.destroyed) await sleep(10);
    response.end(String(n * n));
  });

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const ASK = (url: string) => `import { asyncFunction } from 'pitwall';

export default asyncFunction({
  columns: { square: 'f64' },
  concurrency: 5,
  timeout: '60s',
  async row({ n }, { signal }) {
    const answer = await fetch('${url}?n=' + n, { signal });
    return { square: Number(await answer.text()) };
  },
});
`;

const YAML = `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 1 } }
workers: 1
processors:
  asked: { from: car/{car}/a, steps: [ { map: ./ask.ts } ] }
  counted: { from: asked, steps: [ { rolling: { over: 1h, columns: { rows: count() } } } ] }
  plain: { from: car/{car}/a, steps: [ { columns: { twice: n * 2 } } ] }
sinks:
  out: { type: file, from: counted, path: ./out }
  other: { type: file, from: plain, path: ./other }
`;

function written(folder: string, car: number): Record<string, number>[] {
  const file = join(folder, `car/${car}.jsonl`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, number>);
}

test('While a function waits other processors go on, and after a kill its rows are there once and in order.', async (t) => {
  const model = new ModelServer();
  t.after(() => model.stop());
  const dir = tempDir('asks');
  writeFileSync(join(dir, 'ask.ts'), ASK(await model.start()));
  const gateway = await new GatewayProcess(dir, YAML).start();
  t.after(() => gateway.kill());
  model.hangs = true;
  const client = await IngestClient.connect(gateway.http);
  for (let n = 0; n < ROWS; n++) {
    for (let car = 0; car < CARS; car++) client.send({ stream: `car/${car}/a`, t: T + n * 10, n });
  }
  await client.until('all acks', () => client.acked === ROWS * CARS);
  await client.close();
  const rows = (sink: string, processor: string) =>
    Array.from({ length: CARS }, (_, car) => written(join(dir, sink, processor), car));
  // One worker has both processors.
  await eventually('all rows of the processor that asks nobody', () =>
    rows('other', 'plain').every((its) => its.length === ROWS),
  );
  assert.ok(rows('out', 'counted').every((its) => its.length < ROWS));
  assert.ok(model.under > 0);
  await gateway.kill();
  model.hangs = false;
  await gateway.start();
  await eventually('all rows of the processor that asks', () =>
    rows('out', 'counted').every((its) => its.length >= ROWS),
  );
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  for (const its of rows('out', 'counted')) {
    const wanted = Array.from({ length: ROWS }, (_, n) => [n, n * n, n + 1]);
    assert.deepEqual(
      its.map((row) => [row.n, row.square, row.rows]),
      wanted,
    );
  }
  assert.ok(model.most <= 5 && model.most > 1, `${model.most} calls were under way`);
  assert.ok(model.asked >= ROWS * CARS);
});
