import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { blockFootprint } from '../../../bus/log/block-format.js';
import { readBlockKey } from '../../../bus/log/block-key.js';
import { LogBus, type LogBusOptions } from '../../../bus/log/log-bus.js';
import { LogStore } from '../../../bus/log/log-store.js';
import type { PitwallError } from '../../../core/errors.js';
import { meta, value } from '../../contract/bus.js';
import { readAll } from './read-all.js';

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), 'pitwall-retention-'));
after(() => rmSync(root, { recursive: true, force: true }));
let places = 0;
const place = (): string => join(root, String(places++));

function open(dir: string, options: Partial<LogBusOptions> = {}): LogBus {
  return LogBus.open({ dir, partitions: 4, ...options });
}

async function put(bus: LogBus, partition: number, contents: (string | Buffer)[], topic = 'telemetry'): Promise<void> {
  const commit = bus.begin();
  for (const content of contents) commit.append(topic, partition, meta(1), value(content));
  await commit.commit();
}

/** True when `promise` is still open after everything that could settle it had its turn. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let i = 0; i < 20 && !settled; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return !settled;
}

/** The sizes of records, by their number; sizes of all kinds are what leaves holes of all kinds. */
const SIZES: [what: string, sizeMib: number, perCommit: number, bytes: (n: number) => number][] = [
  ['large blocks', 8, 4, (n) => 300_000 - ((n * 7919) % 150_000)],
  ['blocks of all sizes', 4, 16, (n) => Math.ceil(200_000 * (((n * 7919) % 1009) / 1009) ** 5)],
  ['blocks of a few kilobytes', 2, 16, (n) => 5_000 - ((n * 7919) % 2_500)],
  ['tiny blocks', 1, 16, (n) => 600 - ((n * 7919) % 300)],
];
for (const [what, sizeMib, perCommit, bytesOf] of SIZES) {
  test(`the file stops growing when twenty times the size bound is written in ${what}`, async () => {
    const dir = place();
    const sizeBytes = sizeMib * MIB;
    const bus = LogBus.open({ dir, partitions: 16, sizeBytes });
    const passed = new Array<number>(16).fill(0);
    for (let p = 0; p < 16; p++) bus.hold('reader', 'telemetry', p, 0);
    bus.startRetention();
    const content = Buffer.alloc(300_000, 7);
    let largest = 0;
    for (let written = 0, n = 0; written < 20 * sizeBytes; ) {
      const commit = bus.begin();
      for (let i = 0; i < perCommit; i++, n++) {
        const p = n % 16;
        commit.append('telemetry', p, meta(n), value(content.subarray(0, bytesOf(n))));
        bus.hold('reader', 'telemetry', p, passed[p]!++);
      }
      written += commit.bytes;
      await commit.commit();
      largest = Math.max(largest, statSync(join(dir, 'data.mdb')).size);
    }
    assert.ok(largest < 1.75 * sizeBytes, `the file grew to ${(largest / sizeBytes).toFixed(2)} times the bound`);
    assert.ok(bus.storedBytes <= sizeBytes, `${bus.storedBytes} bytes kept`);
    assert.ok(bus.storedBytes > sizeBytes / 2, 'the bound is used');
    assert.equal(bus.dropped.size, 0, 'all that went had been read');
    for (let p = 0; p < 16; p++) {
      const kept = readAll(bus, 'telemetry', p, bus.start('telemetry', p));
      assert.equal(kept[0]?.offset, bus.start('telemetry', p));
      assert.equal(kept.length, bus.end('telemetry', p) - bus.start('telemetry', p));
    }
    const { storedBytes } = bus;
    await bus.close();
    const again = LogBus.open({ dir, partitions: 16 });
    assert.equal(again.storedBytes, storedBytes, 'the account is the same when the log is opened anew');
    await again.close();
  });
}

test('records go by age once every reader has passed them, and never before retention starts', async () => {
  let nowUs = 1e15;
  const bus = open(place(), { retainUs: 60e6, nowUs: () => nowUs });
  for (const text of ['a', 'b', 'c']) {
    await put(bus, 0, [text, text]);
    nowUs += 10e6;
  }
  nowUs += 100e6;
  await put(bus, 1, ['elsewhere']);
  assert.equal(bus.start('telemetry', 0), 0, 'retention has not been started');
  bus.hold('slow', 'telemetry', 0, 3);
  bus.hold('fast', 'telemetry', 0, 6);
  bus.startRetention();
  await put(bus, 1, ['elsewhere']);
  assert.equal(bus.start('telemetry', 0), 2, 'the block that holds record 3 stays whole');
  bus.hold('slow', 'telemetry', 0, 4);
  await put(bus, 1, ['elsewhere']);
  assert.equal(bus.start('telemetry', 0), 4);
  bus.hold('slow', 'telemetry', 0, Number.POSITIVE_INFINITY);
  await put(bus, 1, ['elsewhere']);
  assert.equal(bus.start('telemetry', 0), 6);
  assert.equal(bus.start('telemetry', 1), 0, 'what is young stays');
  assert.deepEqual(bus.read('telemetry', 0, 1, 1000), { records: [], next: 6, dropped: 5 });
  assert.equal(bus.dropped.size, 0);
  await bus.close();
});

test('offsets go on when all of a partition has been dropped and the log is opened anew', async () => {
  let nowUs = 1e15;
  const dir = place();
  const bus = open(dir, { retainUs: 1, nowUs: () => nowUs });
  await put(bus, 0, ['a', 'b', 'c']);
  bus.startRetention();
  nowUs += 10;
  await put(bus, 1, ['x']);
  assert.equal(bus.start('telemetry', 0), 3);
  await bus.close();
  const again = open(dir);
  assert.equal(again.end('telemetry', 0), 3);
  await put(again, 0, ['d']);
  assert.deepEqual(
    readAll(again, 'telemetry', 0, 3).map((r) => [r.offset, r.value.toString()]),
    [[3, 'd']],
  );
  assert.equal(again.read('telemetry', 0, 0, 1000).dropped, 3);
  await again.close();
});

test('a full log holds commits back until its readers move on, and says so', async () => {
  const bus = open(place(), { sizeBytes: MIB });
  bus.hold('sink', 'telemetry', 0, 0);
  bus.startRetention();
  const content = Buffer.alloc(100_000);
  let commits = 0;
  let waiting: Promise<void> | null = null;
  while (!waiting) {
    const commit = put(bus, 0, [content]);
    if (bus.storedBytes >= MIB && (await waits(commit))) waiting = commit;
    else {
      await commit;
      commits++;
    }
  }
  assert.ok(commits >= 10 && commits <= 11, `${commits} commits of 100 kB went into 1 MiB`);
  assert.equal(bus.full, true);
  assert.equal(bus.end('telemetry', 0), commits, 'what waits is not visible');
  const behind = put(bus, 1, ['behind it']);
  assert.equal(await waits(behind), true, 'order is kept: later commits wait too');
  bus.hold('sink', 'telemetry', 0, 5);
  await waiting;
  await behind;
  assert.equal(bus.full, false);
  assert.equal(bus.end('telemetry', 0), commits + 1);
  const start = bus.start('telemetry', 0);
  assert.ok(start >= 1 && start <= 5, `dropped up to ${start}, what the reader had passed`);
  assert.equal(bus.dropped.size, 0);
  await bus.close();
});

test('facts still get in while a full log holds records back', async () => {
  const bus = open(place(), { sizeBytes: 50_000 });
  bus.hold('sink', 'telemetry', 0, 0);
  bus.startRetention();
  await put(bus, 0, [Buffer.alloc(60_000)]);
  const commit = bus.begin();
  commit.setFact('positions', 'sink', Buffer.from('1'));
  await commit.commit();
  assert.equal(bus.fact('positions', 'sink')?.toString(), '1');
  await bus.close();
});

test('a commit that waits for room is refused when the log is closed, and was not stored', async () => {
  const dir = place();
  const bus = open(dir, { sizeBytes: 50_000 });
  bus.hold('sink', 'telemetry', 0, 0);
  bus.startRetention();
  await put(bus, 0, [Buffer.alloc(60_000)]);
  const waiting = put(bus, 0, ['too much']);
  const refused = assert.rejects(waiting, (error: PitwallError) => error.code === 'bus-failed');
  assert.equal(await waits(waiting), true);
  await bus.close();
  await refused;
  const again = open(dir);
  assert.equal(again.end('telemetry', 0), 1);
  await again.close();
});

test('drop-oldest goes on when full, counts what a reader missed, and keeps the count', async () => {
  const dir = place();
  const bus = open(dir, { sizeBytes: MIB, whenFull: 'drop-oldest' });
  bus.hold('slow', 'telemetry', 0, 0);
  bus.hold('fast', 'telemetry', 0, 50);
  bus.hold('slow', 'output', 2, 3);
  bus.startRetention();
  for (let i = 0; i < 40; i++) {
    await put(bus, 0, [Buffer.alloc(50_000, i), Buffer.alloc(50_000, i)]);
    if (i < 5) await put(bus, 2, ['one', 'two'], 'output');
  }
  const start = bus.start('telemetry', 0);
  assert.ok(start >= 56 && start <= 64, `kept from ${start} of 80`);
  assert.equal(bus.dropped.get('telemetry'), start);
  assert.equal(bus.dropped.get('output'), 10 - 3, 'records 0 to 2 had been read');
  const run = bus.read('telemetry', 0, 10, 1000);
  assert.equal(run.dropped, start - 10);
  assert.equal(run.records[0]!.offset, start);
  assert.equal(run.records[0]!.value[0], start / 2);
  await bus.close();
  const again = open(dir);
  assert.equal(again.dropped.get('telemetry'), start);
  await again.close();
});

test('what all readers have passed goes before anything that has not been read', async () => {
  const bus = open(place(), { sizeBytes: MIB, whenFull: 'drop-oldest' });
  bus.hold('slow', 'telemetry', 0, 0);
  bus.startRetention();
  await put(bus, 0, [Buffer.alloc(200_000)]);
  for (let i = 0; i < 40; i++) await put(bus, 1, [Buffer.alloc(100_000)]);
  assert.equal(bus.start('telemetry', 0), 0, 'older, but not read');
  assert.ok(bus.start('telemetry', 1) > 25);
  assert.equal(bus.dropped.size, 0);
  await bus.close();
});

test('a log opened with a smaller bound shrinks what it keeps with its next commits', async () => {
  const dir = place();
  const bus = open(dir);
  for (let i = 0; i < 60; i++) {
    const commit = bus.begin();
    for (let p = 0; p < 4; p++) commit.append(`topic${i}`, p, meta(i), value(Buffer.alloc(5000)));
    await commit.commit();
  }
  await bus.close();
  const smaller = open(dir, { sizeBytes: 200_000 });
  smaller.startRetention();
  for (let i = 0; i < 3; i++) await put(smaller, 0, ['x']);
  assert.ok(smaller.storedBytes <= 200_000, `${smaller.storedBytes} bytes kept`);
  await smaller.close();
});

test('whatever is appended, held and let go, nothing held is lost and the account is what lies on disk', async () => {
  const step = fc.record({
    topic: fc.nat(1),
    partition: fc.nat(1),
    records: fc.integer({ min: 1, max: 5 }),
    bytes: fc.oneof(fc.nat(500), fc.nat(20_000)),
    advance: fc.nat(20),
    waitUs: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(null, 60),
      fc.constantFrom(null, 60_000),
      async (steps, retainUs, sizeBytes) => {
        const dir = place();
        let nowUs = 1e15;
        // drop-oldest with the size, so that no commit waits; without a size, only age drops.
        const options = { partitions: 2, retainUs, sizeBytes, whenFull: 'drop-oldest', nowUs: () => nowUs } as const;
        const bus = LogBus.open({ dir, ...options });
        const floors = new Map<string, number>();
        for (const topic of ['t0', 't1']) {
          for (const p of [0, 1]) {
            bus.hold('reader', topic, p, 0);
            floors.set(`${topic}/${p}`, 0);
          }
        }
        bus.startRetention();
        let dropped = 0;
        for (const s of steps) {
          const topic = `t${s.topic}`;
          const key = `${topic}/${s.partition}`;
          await put(
            bus,
            s.partition,
            Array.from({ length: s.records }, () => Buffer.alloc(s.bytes)),
            topic,
          );
          const floor = Math.min(bus.end(topic, s.partition), floors.get(key)! + s.advance);
          floors.set(key, floor);
          bus.hold('reader', topic, s.partition, floor);
          nowUs += s.waitUs;
        }
        for (const [key, floor] of floors) {
          const [topic, partition] = key.split('/') as [string, string];
          const start = bus.start(topic, Number(partition));
          if (sizeBytes === null) assert.ok(start <= floor, `${key} starts at ${start}, but is held at ${floor}`);
          const kept = readAll(bus, topic, Number(partition), start);
          assert.equal(kept.length, bus.end(topic, Number(partition)) - start);
        }
        for (const count of bus.dropped.values()) dropped += count;
        if (sizeBytes === null) assert.equal(dropped, 0);
        const { storedBytes } = bus;
        await bus.close();
        const store = new LogStore(dir, true);
        let onDisk = 0;
        for (const key of store.blocks.getKeys({ start: Buffer.from([0]), end: Buffer.from([0xff]) })) {
          const block = readBlockKey(key);
          if (block.segment === 0) onDisk += blockFootprint(block.bytes);
        }
        await store.close();
        rmSync(dir, { recursive: true, force: true });
        assert.equal(storedBytes, onDisk);
      },
    ),
    { numRuns: 60 },
  );
});
