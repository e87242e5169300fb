import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../../../../core/byte-budget.js';
import { FrameReader } from '../../../../gateway/mqtt/codec/frame-reader.js';
import { packet } from '../test-server.js';

function collect(chunks: Buffer[], stopAfter = Number.POSITIVE_INFINITY) {
  const budget = new ByteBudget(1e9);
  const frames: string[] = [];
  const announced: number[] = [];
  const reader = new FrameReader(
    {
      announced: (_first, length) => announced.push(length),
      frame(first, bytes, start, end) {
        frames.push(first.toString(16) + bytes.toString('hex', start, end));
        return frames.length < stopAfter;
      },
    },
    budget,
  );
  const used = chunks.map((chunk) => reader.read(chunk));
  return { frames, announced, budget, reader, used };
}

const frameList = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 120, max: 135 }),
      fc.integer({ min: 16_380, max: 16_390 }),
    ),
  ),
  { minLength: 1, maxLength: 6 },
);

test('any cut of the byte stream gives the same packets, and gives all memory back', () => {
  fc.assert(
    fc.property(frameList, fc.array(fc.nat(), { maxLength: 8 }), (list, cutSeeds) => {
      const packets = list.map(([first, length], i) => packet(first, Buffer.alloc(length, i + 1)));
      const stream = Buffer.concat(packets);
      const cuts = [...new Set(cutSeeds.map((seed) => seed % (stream.length + 1)))].sort((a, b) => a - b);
      const edges = [0, ...cuts, stream.length];
      const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
      const { frames, budget, reader, used } = collect(chunks.filter((chunk) => chunk.length > 0));
      const expected = list.map(
        ([first, length], i) => first.toString(16) + Buffer.alloc(length, i + 1).toString('hex'),
      );
      assert.deepEqual(frames, expected);
      assert.deepEqual(
        used,
        chunks.filter((chunk) => chunk.length > 0).map((chunk) => chunk.length),
      );
      assert.equal(budget.usedBytes, 0);
      assert.equal(reader.partialBytes, 0);
    }),
    { numRuns: 300 },
  );
});

test('packets are whole when every byte comes alone', () => {
  const stream = Buffer.concat([packet(0x30, Buffer.alloc(200, 7)), packet(0xc0, Buffer.alloc(0))]);
  const { frames, budget } = collect(Array.from(stream, (byte) => Buffer.from([byte])));
  assert.deepEqual(frames, [`30${'07'.repeat(200)}`, 'c0']);
  assert.equal(budget.usedBytes, 0);
});

test('a packet that is cut takes memory for what has arrived, not for what its header promises', () => {
  const { budget, announced, reader } = collect([Buffer.from('30ffffff7f0001', 'hex')]);
  assert.deepEqual(announced, [268_435_455]);
  assert.equal(budget.usedBytes, 4096);
  reader.clear();
  assert.equal(budget.usedBytes, 0);
});

test('reading stops where the handler stops, whole or cut', () => {
  const two = Buffer.concat([packet(0x10, Buffer.from([1])), packet(0x30, Buffer.from([2]))]);
  assert.deepEqual(collect([two], 1).used, [3]);
  assert.deepEqual(collect([two.subarray(0, 1), two.subarray(1)], 1).used, [1, 2]);
  assert.deepEqual(collect([two.subarray(0, 2), two.subarray(2)], 1).used, [2, 1]);
});

test('a Remaining Length of five bytes, or longer than needed, is malformed in any cut', () => {
  for (const hex of ['308080808001', '30ffffffff7f', '30810000', '308000', '30ff00']) {
    const bytes = Buffer.from(hex, 'hex');
    assert.throws(() => collect([bytes]), { code: 'protocol-error' }, hex);
    assert.throws(() => collect(Array.from(bytes, (byte) => Buffer.from([byte]))), { code: 'protocol-error' }, hex);
  }
});
