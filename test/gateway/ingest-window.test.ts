import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBus } from '../../bus/log/log-bus.js';
import { ByteBudget } from '../../core/byte-budget.js';
import { Logger } from '../../core/logger.js';
import { IngestEndpoint } from '../../gateway/ingest/ingest-endpoint.js';
import { Intake } from '../../gateway/intake.js';
import type { SocketHandler } from '../../gateway/listeners/http-listener.js';
import { LiveFeed } from '../../gateway/live-feed.js';
import { StreamDirectory } from '../../gateway/stream-directory.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import { tempDir } from '../support/temp-dir.js';

interface Answer {
  hello?: { windowBytes: number };
  ack?: number;
  windowBytes?: number;
}

function makeEndpoint(memoryBytes: number) {
  const bus = LogBus.open({ dir: join(tempDir('window'), 'log'), partitions: 2 });
  const store = new BusGatewayStore(bus, 'w', 0);
  const budget = new ByteBudget(memoryBytes);
  const logger = new Logger('error', () => {});
  const streams = new StreamDirectory(store, [], true);
  const intake = new Intake({ store, streams, budget, feed: new LiveFeed(), logger });
  const options = { intake, store, budget, payloadBytesMax: 1 << 20, connectionsMax: 100 };
  return { bus, budget, intake, endpoint: new IngestEndpoint(options) };
}

function connect(endpoint: IngestEndpoint) {
  const answers: Answer[] = [];
  const closed: number[] = [];
  const accepted = endpoint.accept({ query: '', authorization: '', remoteAddress: 'memory' });
  if (typeof accepted !== 'function') throw new Error(accepted.reason);
  const handler: SocketHandler = accepted({
    remoteAddress: 'memory',
    unsentBytes: 0,
    send: (message) => answers.push(JSON.parse(String(message))),
    end: (code) => closed.push(code),
  });
  return { answers, closed, handler };
}

const frame = (bytes: number) => {
  const head = '{"stream":"w/a","t":1711111111000,"x":"';
  return Buffer.from(`${head}${'y'.repeat(bytes - head.length - 2)}"}`);
};

test('a window that shrinks holds for what is sent after its announcement, not for what is on its way', async () => {
  const { bus, intake, endpoint } = makeEndpoint(4 << 20);
  const { answers, closed, handler } = connect(endpoint);
  const { windowBytes } = answers[0]!.hello!;
  assert.equal(windowBytes, 2 << 20);
  for (let i = 0; i < 3; i++) connect(endpoint);
  const bytes = windowBytes / 16;
  handler.message(frame(bytes), false);
  await intake.drain(10_000);
  const shrunk = answers.at(-1)!.windowBytes!;
  assert.equal(shrunk, 512 * 1024);
  // The client had not read that yet when it used up its first window.
  for (let i = 0; i < 15; i++) handler.message(frame(bytes), false);
  assert.deepEqual(closed, []);
  await intake.drain(10_000);
  assert.equal(answers.at(-1)!.ack, 16);
  // Now it has.
  for (let i = 0; i < 16; i++) handler.message(frame(bytes), false);
  assert.deepEqual(closed, [4008]);
  await intake.drain(10_000);
  await bus.close();
});

test('frames without bytes end the connection when they overrun the memory budget', async () => {
  const { bus, budget, intake, endpoint } = makeEndpoint(1 << 20);
  const { closed, handler } = connect(endpoint);
  for (let i = 0; i < 100_000; i++) handler.message(Buffer.alloc(0), true);
  assert.deepEqual(closed, [4013]);
  assert.ok(budget.usedBytes <= budget.limitBytes * 1.3, `${budget.usedBytes} held`);
  await intake.drain(10_000);
  assert.equal(budget.usedBytes, 0);
  await bus.close();
});
