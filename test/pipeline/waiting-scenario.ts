import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { carLines, sendRows } from './car-rows.js';

const CARS = 3;
const CONCURRENCY = 5;

/** Answers late, and in an order of its own; nothing for rows from `hangsFrom` on. Counts the calls for single rows. */
class ModelServer {
  hangsFrom = Number.POSITIVE_INFINITY;
  under = 0;
  most = 0;
  asked = 0;
  private readonly server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://model');
    const numbers = searchParams.get('n')!.split(',').map(Number);
    const isRow = pathname === '/row';
    if (isRow) {
      this.asked++;
      this.most = Math.max(this.most, ++this.under);
      response.on('close', () => this.under--);
    }
    await sleep((numbers[0]! * 7) % 5);
    while (isRow && numbers[0]! >= this.hangsFrom && !response.destroyed) await sleep(10);
    response.end(JSON.stringify(numbers.map((n) => n * n)));
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
  concurrency: ${CONCURRENCY},
  timeout: '60s',
  async row({ n }, { signal }) {
    const answer = await fetch('${url}row?n=' + n, { signal });
    return { square: (await answer.json())[0] };
  },
});
`;

const ASK_BATCH = (url: string) => `import { asyncBatchFunction } from 'pitwall';

export default asyncBatchFunction({
  columns: { fourth: 'f64' },
  concurrency: ${CONCURRENCY},
  timeout: '60s',
  async batch(batch, { signal }) {
    const answer = await fetch('${url}batch?n=' + batch.column('square').join(), { signal });
    return { fourth: await answer.json() };
  },
});
`;

export interface WaitingOptions {
  /** The settings below `bus`, with one partition. */
  bus: string;
  /** Further lines below `sinks`, for the rows of `counted`. */
  sinks?: string;
}

/** A processor whose functions ask a model server, a row at a time and then many at once, beside one that asks nobody. */
export class WaitingScenario {
  readonly dir = tempDir('asks');
  readonly model = new ModelServer();
  gateway!: GatewayProcess;
  private sent = 0;

  async start(t: TestContext, { bus, sinks = '' }: WaitingOptions): Promise<this> {
    t.after(() => this.model.stop());
    const url = await this.model.start();
    writeFileSync(join(this.dir, 'ask.ts'), ASK(url));
    writeFileSync(join(this.dir, 'ask-batch.ts'), ASK_BATCH(url));
    // One worker has both processors.
    this.gateway = new GatewayProcess(
      this.dir,
      `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: ${bus}
workers: 1
processors:
  asked: { from: car/{car}/a, steps: [ { map: ./ask.ts }, { map: ./ask-batch.ts } ] }
  counted: { from: asked, steps: [ { rolling: { over: 1h, columns: { rows: count() } } } ] }
  plain: { from: car/{car}/a, steps: [ { columns: { twice: n * 2 } } ] }
sinks:
  out: { type: file, from: counted, path: ./out }
  other: { type: file, from: plain, path: ./other }
${sinks}`,
    );
    t.after(() => this.gateway.kill());
    await this.gateway.start();
    return this;
  }

  /** The next rows of each car. */
  async send(rows: number): Promise<void> {
    await sendRows(this.gateway, CARS, this.sent, (this.sent += rows));
  }

  /** The rows of each car that a sink has, of which the last may be in the making. */
  written(path: string): string[][] {
    return carLines(this.dir, path, CARS);
  }

  rowsOfOther = () => Math.min(...this.written('other/plain').map(({ length }) => length));

  rowsOfAsked = () => Math.min(...this.written('out/counted').map(({ length }) => length));

  async allThere(): Promise<void> {
    await eventually('all rows of the processor that asks', () => this.rowsOfAsked() >= this.sent);
  }

  /** Each row of a car is there once, in order, with its own answers. */
  assertAllOnce(rows: readonly string[][], what: string): void {
    const { sent } = this;
    for (const [car, its] of rows.entries()) {
      const found = its.map((line) => {
        const { n, square, fourth, rows: counted } = JSON.parse(line) as Record<string, number>;
        return [n, square, fourth, counted];
      });
      const wanted = Array.from({ length: sent }, (_, n) => [n, n ** 2, n ** 4, n + 1]);
      assert.deepEqual(found, wanted, `car ${car} of ${what}`);
    }
    assert.equal(rows.length, CARS);
    const { most, asked } = this.model;
    assert.ok(most <= CONCURRENCY && most > 1, `${most} calls were under way`);
    assert.ok(asked >= sent * CARS);
  }

  /** The gateway is killed while the model hangs on rows behind the first ones, and started when it answers again. */
  async killWhileItHangs(rows: number): Promise<void> {
    const { model, gateway } = this;
    model.hangsFrom = this.sent + 20;
    await this.send(rows);
    await eventually('all rows of the processor that asks nobody', () => this.rowsOfOther() >= this.sent);
    await eventually('the model hangs', () => model.under > 0);
    assert.ok(this.rowsOfAsked() < this.sent);
    await gateway.kill();
    model.hangsFrom = Number.POSITIVE_INFINITY;
    await gateway.start();
  }
}
