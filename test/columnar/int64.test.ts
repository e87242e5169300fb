import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { float64ToInt64, int64ToFloat64 } from '../../columnar/int64.js';

test('64-bit integers become the nearest doubles, as Number makes them of BigInts', () => {
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const near = fc
    .tuple(fc.constantFrom(0n, 2n ** 32n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 8n), fc.bigInt(-8n, 7n))
    .map(([a, b]) => a + b);
  fc.assert(
    fc.property(fc.array(fc.oneof(any, near)), fc.nat(3), (values, at) => {
      const target = new Float64Array(values.length + at).fill(-1);
      int64ToFloat64(BigInt64Array.from(values), target, values.length, at);
      assert.deepEqual([...target], [...Array(at).fill(-1), ...values.map(Number)]);
    }),
    { numRuns: 2000 },
  );
});

test('whole doubles become the same integers, less what is taken off', () => {
  const whole = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(-0, 2 ** 32, -(2 ** 32), 2 ** 31));
  fc.assert(
    fc.property(fc.array(whole), (values) => {
      const target = new BigInt64Array(values.length);
      float64ToInt64(Float64Array.from(values), target, values.length);
      assert.deepEqual([...target], values.map(BigInt));
      const times = values.map((value) => Math.abs(value) % 7e15);
      float64ToInt64(Float64Array.from(times), target, values.length, 7e15);
      assert.deepEqual(
        [...target],
        times.map((time) => BigInt(time) - 7_000_000_000_000_000n),
      );
    }),
    { numRuns: 2000 },
  );
});
