import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Retry } from '../../core/retry.js';

test('waits stay within their bounds, and the bound doubles with each failure up to the longest', () => {
  const options = fc.record({
    minMs: fc.nat(100),
    firstMs: fc.integer({ min: 1, max: 500 }),
    maxMs: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(
      options,
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 40 }),
      (bounds, randoms) => {
        const retry = new Retry(bounds, () => randoms[retry.attempts - 1]!);
        randoms.forEach((_, i) => {
          const longest = Math.max(bounds.minMs, Math.min(bounds.maxMs, bounds.firstMs * 2 ** i));
          const waitMs = retry.fail()!;
          assert.ok(
            waitMs >= bounds.minMs && waitMs <= longest + 0.5,
            `${waitMs} is not in ${bounds.minMs}..${longest}`,
          );
        });
      },
    ),
  );
});

test('full jitter reaches both ends of the range', () => {
  const wait = (random: number): number | null => new Retry({ minMs: 10, firstMs: 1000 }, () => random).fail();
  assert.deepEqual([wait(0), wait(0.5), wait(0.9999)], [10, 505, 1000]);
});

test('it is given up after the last attempt, and a success starts the count anew', () => {
  const retry = new Retry({ attemptsMax: 3 }, () => 0);
  assert.deepEqual([retry.fail(), retry.fail()], [20, 20]);
  retry.succeed();
  assert.equal(retry.attempts, 0);
  assert.deepEqual([retry.fail(), retry.fail(), retry.fail()], [20, 20, null]);
});
