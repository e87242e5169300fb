import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBus } from '../../bus/log/log-bus.js';
import { ByteBudget } from '../../core/byte-budget.js';
import { Logger } from '../../core/logger.js';
import { Intake } from '../../gateway/intake.js';
import { LiveFeed } from '../../gateway/live-feed.js';
import type { Source } from '../../gateway/source.js';
import { StreamDirectory } from '../../gateway/stream-directory.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import { tempDir } from '../support/temp-dir.js';

const ROW = Buffer.from('{"t":1711111111000,"v":1}');

class Device implements Source {
  lastCut = 0;
  durableCut = 0;
  failures = 0;
  constructor(readonly client: string) {}
  durable(cut: number): void {
    this.durableCut = cut;
  }
  failed(): void {
    this.failures++;
  }
}

function makeIntake(sizeBytes: number | null = null) {
  const bus = LogBus.open({ dir: join(tempDir('cuts'), 'log'), partitions: 2, sizeBytes });
  const store = new BusGatewayStore(bus, 'w', 0);
  const budget = new ByteBudget(1 << 26);
  const logger = new Logger('error', () => {});
  const streams = new StreamDirectory(store, [], true);
  const intake = new Intake({ store, streams, budget, feed: new LiveFeed(), logger });
  const records = () => [0, 1].reduce((sum, p) => sum + bus.end('telemetry', p), 0);
  return { bus, budget, intake, records };
}

test('a source that raises an error when it is told does not keep the others from their answers', async () => {
  const { bus, intake } = makeIntake();
  const first = new Device('first');
  const second = new Device('second');
  first.durable = () => {
    throw new Error('a fault in a listener');
  };
  intake.accept(first, 'a/b', ROW, null);
  const { cut } = intake.accept(second, 'c/d', ROW, null);
  assert.equal(await intake.drain(10_000), true);
  assert.equal(second.durableCut, cut);
  await bus.close();
});

test('a cut that cannot be closed fails as a whole: nothing is stored, all are told, and the next cut works', async () => {
  const { bus, budget, intake, records } = makeIntake();
  const first: Device & Source = new Device('first');
  first.sealing = () => {
    throw new Error('a fault in a listener');
  };
  const second = new Device('second');
  intake.accept(first, 'a/b', ROW, null);
  intake.accept(second, 'c/d', ROW, null);
  await intake.drain(10_000);
  assert.deepEqual([first.failures, second.failures, second.durableCut], [1, 1, 0]);
  assert.equal(records(), 0);
  assert.equal(budget.usedBytes, 0);
  const { cut } = intake.accept(second, 'c/d', ROW, null);
  assert.equal(await intake.drain(10_000), true);
  assert.equal(second.durableCut, cut);
  assert.equal(records(), 1);
  await bus.close();
});

test('a full log ends the drain and closes without an answer to what waited for room', async () => {
  const { bus, intake, records } = makeIntake(64 * 1024);
  bus.hold('a reader', 'telemetry', 0, 0);
  bus.hold('a reader', 'telemetry', 1, 0);
  bus.startRetention();
  const device = new Device('device');
  const text = Buffer.from(JSON.stringify({ t: 1711111111000, v: 'x'.repeat(90_000) }));
  intake.accept(device, 'a/b', text, null);
  assert.equal(await intake.drain(10_000), true);
  const { durableCut } = device;
  intake.accept(device, 'a/b', text, null);
  assert.equal(await intake.drain(50), false);
  const stored = records();
  await bus.close();
  assert.equal(await intake.drain(1000), true);
  assert.equal(device.durableCut, durableCut);
  assert.equal(stored, 1);
});
