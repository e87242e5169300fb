import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchBackward, matchNearest, matchNeighbours } from '../../../columnar/kernels/as-of.js';
import { lowerBound, upperBound } from '../../../columnar/kernels/bisect.js';
import { interpolate } from '../../../columnar/kernels/interpolate.js';

const times = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 60 }), { maxLength }).map((list) => Float64Array.from(list.sort((a, b) => a - b)));

test('bounds are those of a plain search', () => {
  fc.assert(
    fc.property(times(30), fc.integer({ min: -1, max: 61 }), (list, time) => {
      const first = (found: number) => (found < 0 ? list.length : found);
      assert.equal(lowerBound(list, time, 0, list.length), first(list.findIndex((t) => t >= time)));
      assert.equal(upperBound(list, time, 0, list.length), first(list.findIndex((t) => t > time)));
    }),
  );
});

test('matches are those of a plain search over any part of the right rows', () => {
  fc.assert(
    fc.property(
      times(30),
      times(30),
      fc.nat(),
      fc.nat(),
      fc.constantFrom(0, 1, 5, Infinity),
      (left, right, a, b, tolerance) => {
        const from = right.length === 0 ? 0 : a % (right.length + 1);
        const to = from + (right.length === from ? 0 : b % (right.length - from + 1));
        const rows = left.length;
        const live = [...right.entries()].slice(from, to);
        const before = (t: number) => live.filter(([, r]) => r <= t).at(-1);
        const after = (t: number) => live.find(([, r]) => r > t);
        const within = (hit: [number, number] | undefined, t: number) =>
          hit !== undefined && Math.abs(hit[1] - t) <= tolerance;

        const match = new Int32Array(rows);
        const count = matchBackward(left, rows, right, from, to, tolerance, match);
        const backward = [...left].map((t) => (within(before(t), t) ? before(t)![0] : -1));
        assert.deepEqual([...match], backward);
        assert.equal(count, backward.filter((i) => i >= 0).length);

        matchNearest(left, rows, right, from, to, tolerance, match);
        const nearest = [...left].map((t) => {
          const [x, y] = [before(t), after(t)];
          const hit = x && (!y || t - x[1] <= y[1] - t) ? x : y;
          return within(hit, t) ? hit![0] : -1;
        });
        assert.deepEqual([...match], nearest);

        const next = new Int32Array(rows);
        const weight = new Float64Array(rows);
        matchNeighbours(left, rows, right, from, to, tolerance, match, next, weight);
        const out = new Float64Array(rows);
        interpolate(
          right.map((t) => 3 * t + 1),
          match,
          next,
          weight,
          rows,
          out,
        );
        [...left].forEach((t, i) => {
          const exact = before(t)?.[1] === t;
          const inside = within(before(t), t) && within(after(t), t);
          assert.equal(match[i]! >= 0, exact || inside);
          if (exact || inside) assert.ok(Math.abs(out[i]! - (3 * t + 1)) < 1e-9);
        });
      },
    ),
    { numRuns: 500 },
  );
});
