import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { TICK_US, Ticker } from '../../bus/ticker.js';
import { meta, value } from '../contract/bus.js';
import { readAll } from './log/read-all.js';

const root = mkdtempSync(join(tmpdir(), 'pitwall-ticker-'));
after(() => rmSync(root, { recursive: true, force: true }));
const START_US = 1_711_111_111_000_000;

test('an idle partition ticks every second for a minute, then once a minute, and one that was never used does not', async () => {
  const bus = LogBus.open({ dir: join(root, 'idle'), partitions: 3 });
  let sequence = 0;
  const ticker = new Ticker(bus, { writer: 'gateway-1', nextSequence: () => ++sequence }, START_US);
  const first = bus.begin();
  first.append(TELEMETRY_TOPIC, 1, meta(++sequence, { receivedUs: START_US }), value('data'));
  ticker.saw(1, START_US);
  await first.commit();
  // Called every 100 ms for five minutes, as a gateway under light load would.
  const commit = bus.begin();
  const ticks: number[] = [];
  for (let ms = 0; ms <= 300_000; ms += 100) {
    if (ticker.tick(START_US + ms * 1000, commit) > 0) ticks.push(ms / 1000);
  }
  await commit.commit();
  assert.deepEqual(ticks, [...Array.from({ length: 60 }, (_, i) => i + 1), 120, 180, 240, 300]);
  const records = readAll(bus, TELEMETRY_TOPIC, 1).slice(1);
  assert.equal(records.length, ticks.length);
  for (const [i, record] of records.entries()) {
    assert.equal(record.kind, 'tick');
    assert.equal(record.receivedUs, START_US + ticks[i]! * 1e6);
    assert.deepEqual([record.key, record.stream, record.tags, record.value.length], ['', '', '', 0]);
    assert.deepEqual([record.writer, record.sequence], ['gateway-1', i + 2]);
  }
  assert.equal(bus.end(TELEMETRY_TOPIC, 0) + bus.end(TELEMETRY_TOPIC, 2), 0);
  await bus.close();
});

test('data keeps a partition from ticking, and a tick comes a second after the last of it', async () => {
  const bus = LogBus.open({ dir: join(root, 'data'), partitions: 1 });
  const ticker = new Ticker(bus, { writer: 'g', nextSequence: () => 1 }, START_US);
  const commit = bus.begin();
  let ticks = 0;
  for (let ms = 0; ms < 10_000; ms += 50) {
    ticker.saw(0, START_US + ms * 1000);
    ticks += ticker.tick(START_US + ms * 1000, commit);
  }
  assert.equal(ticks, 0);
  assert.equal(ticker.tick(START_US + 9_950_000 + TICK_US - 1, commit), 0);
  assert.equal(ticker.tick(START_US + 9_950_000 + TICK_US, commit), 1);
  commit.abandon();
  await bus.close();
});

test('after a restart partitions that hold data tick from then on, and a clock that is set back starts afresh', async () => {
  const dir = join(root, 'restart');
  const before = LogBus.open({ dir, partitions: 2 });
  const first = before.begin();
  first.append(TELEMETRY_TOPIC, 0, meta(1, { receivedUs: START_US - 3600e6 }), value('an hour ago'));
  await first.commit();
  await before.close();
  const bus = LogBus.open({ dir });
  const ticker = new Ticker(bus, { writer: 'g', nextSequence: () => 1 }, START_US);
  const commit = bus.begin();
  assert.equal(ticker.tick(START_US + 999_999, commit), 0);
  assert.equal(ticker.tick(START_US + 1_000_000, commit), 1);
  assert.equal(ticker.tick(START_US - 500e6, commit), 0);
  assert.equal(ticker.tick(START_US - 499.5e6, commit), 0);
  assert.equal(ticker.tick(START_US - 499e6, commit), 1);
  commit.abandon();
  await bus.close();
});
