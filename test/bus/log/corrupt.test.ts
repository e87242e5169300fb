import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { BLOCK_HEADER_BYTES, sealBlock } from '../../../bus/log/block-format.js';
import { readBlockKey } from '../../../bus/log/block-key.js';
import { LogBus } from '../../../bus/log/log-bus.js';
import { LogStore } from '../../../bus/log/log-store.js';
import type { PitwallError } from '../../../core/errors.js';
import { meta, value } from '../../contract/bus.js';

const root = mkdtempSync(join(tmpdir(), 'pitwall-corrupt-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A log with three blocks of five records in partition 1; offsets 5 to 9 are in the middle one. */
async function make(name: string): Promise<string> {
  const dir = join(root, name);
  const bus = LogBus.open({ dir, partitions: 2 });
  for (let n = 0; n < 15; n += 5) {
    const commit = bus.begin();
    for (let i = n; i < n + 5; i++) commit.append('telemetry', 1, meta(i), value(`record ${i} ${'x'.repeat(i * 50)}`));
    await commit.commit();
  }
  await bus.close();
  return dir;
}

/** Changes the middle block on disk; `change` answers the new content, or null to take it away. */
async function spoil(dir: string, change: (block: Buffer) => Buffer | null): Promise<void> {
  const store = new LogStore(dir, false);
  const key = [...store.blocks.getKeys({ start: Buffer.from([0]), end: Buffer.from([0xff]) })][1]!;
  assert.equal(readBlockKey(key).first, 5);
  const changed = change(Buffer.from(store.blocks.get(key)!));
  store.change(() => {
    if (changed) store.blocks.put(key, changed);
    else store.blocks.remove(key);
  });
  await store.close();
}

function corruptAt(offset: number | null): (error: PitwallError) => boolean {
  return (error) => {
    assert.equal(error.name, 'PitwallError', error.stack);
    assert.equal(error.code, 'corrupt-record');
    assert.match(error.message, /topic "telemetry" partition 1/);
    if (offset !== null) assert.match(error.message, new RegExp(`offset ${offset}\\b`));
    return true;
  };
}

test('any changed byte of a block is told as a corrupt record with its place; what stands around it can be read', async () => {
  const dir = await make('flipped');
  let original: Buffer = Buffer.alloc(0);
  await spoil(dir, (block) => (original = block));
  await fc.assert(
    fc.asyncProperty(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      await spoil(dir, () => {
        const block = Buffer.from(original);
        block[at]! ^= flip;
        return block;
      });
      const bus = LogBus.open({ dir, readOnly: true });
      try {
        assert.equal(bus.read('telemetry', 1, 0, 1).records.length, 1);
        assert.equal(bus.read('telemetry', 1, 3, 1e6).next, 5, 'a run ends before the damage');
        assert.throws(() => bus.read('telemetry', 1, 5, 1e6), corruptAt(5));
        assert.throws(() => bus.read('telemetry', 1, 8, 1e6), corruptAt(5));
        assert.equal(bus.read('telemetry', 1, 10, 1e6).records.length, 5, 'reading on behind it works');
      } finally {
        await bus.close();
      }
    }),
    { numRuns: 60 },
  );
});

test('lengths that lie under a right checksum are told as corrupt, whatever they are', async () => {
  const dir = await make('lies');
  let original: Buffer = Buffer.alloc(0);
  await spoil(dir, (block) => (original = block));
  const { appendedUs } = { appendedUs: original.readDoubleLE(24) };
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 4, 6, 24, 26, 28),
      fc.nat(4),
      fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 31, 32, 0xffffffff, 0x80000000)),
      async (field, record, lie) => {
        await spoil(dir, () => {
          const block = Buffer.from(original);
          let at = BLOCK_HEADER_BYTES;
          for (let i = 0; i < record; i++) at += block.readUInt32LE(at);
          if (field === 0 || field === 28) block.writeUInt32LE(lie, at + field);
          else if (field === 4) block[at + 4] = lie & 255;
          else block.writeUInt16LE(lie & 0xffff, at + field);
          sealBlock(block, 5, 5, appendedUs);
          return block;
        });
        const bus = LogBus.open({ dir, readOnly: true });
        try {
          let at = 5;
          while (at < 10) {
            const run = bus.read('telemetry', 1, at, 1e6);
            assert.ok(run.next > at && run.next <= 15);
            at = run.next;
          }
        } catch (error) {
          refused++;
          corruptAt(null)(error as PitwallError);
        } finally {
          await bus.close();
        }
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(refused > 50, `${refused} lies were found`);
});

test('a block that is cut off, empty, swapped for another or gone is told as corrupt', async () => {
  const dir = await make('cut');
  let original: Buffer = Buffer.alloc(0);
  await spoil(dir, (block) => (original = block));
  const other = Buffer.from(original);
  sealBlock(other, 10, 5, 1);
  const spoiled: (Buffer | null)[] = [original.subarray(0, 100), Buffer.alloc(0), Buffer.alloc(original.length), other];
  for (const block of spoiled) {
    await spoil(dir, () => block);
    const bus = LogBus.open({ dir, readOnly: true });
    assert.throws(() => bus.read('telemetry', 1, 6, 1000), corruptAt(5));
    await bus.close();
  }
  await spoil(dir, () => null);
  const bus = LogBus.open({ dir, readOnly: true });
  assert.throws(() => bus.read('telemetry', 1, 6, 1000), corruptAt(6));
  assert.equal(bus.read('telemetry', 1, 12, 1000).records[0]?.offset, 12);
  await bus.close();
});
