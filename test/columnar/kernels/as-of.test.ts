import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchBackward, matchForward, matchNearest, matchNeighbours } from '../../../columnar/kernels/as-of.js';
import { lowerBound, upperBound } from '../../../columnar/kernels/bisect.js';
import { holdCells } from '../../../columnar/kernels/hold-cells.js';
import { interpolate } from '../../../columnar/kernels/interpolate.js';
import { matchInterval } from '../../../columnar/kernels/match-interval.js';

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
      fc.constantFrom(0, 2, 7, Infinity),
      (left, right, a, b, tolerance, maxGap) => {
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

        const forwardCount = matchForward(left, rows, right, from, to, tolerance, match);
        const forward = [...left].map((t) => {
          const hit = live.find(([, r]) => r >= t);
          return within(hit, t) ? hit![0] : -1;
        });
        assert.deepEqual([...match], forward);
        assert.equal(forwardCount, forward.filter((i) => i >= 0).length);

        const next = new Int32Array(rows);
        const weight = new Float64Array(rows);
        matchNeighbours(left, rows, right, from, to, tolerance, match, next, weight, maxGap);
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
          const inside = within(before(t), t) && within(after(t), t) && after(t)![1] - before(t)![1] <= maxGap;
          assert.equal(match[i]! >= 0, exact || inside);
          if (exact || inside) assert.ok(Math.abs(out[i]! - (3 * t + 1)) < 1e-9);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('each left row meets the right rows of its span, and holds the last cell that is there', () => {
  const span = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.nat(10)).map(([from, length]) => [from, from + length]);
  const tolerance = fc.constantFrom(0, 3, Infinity);
  fc.assert(
    fc.property(
      times(20),
      times(30),
      span,
      tolerance,
      fc.nat(),
      fc.array(fc.boolean()),
      (left, right, span, tol, a, nulls) => {
        const from = a % (right.length + 1);
        const rows = left.length;
        const [fromUs, toUs] = span as [number, number];
        const live = [...right.entries()].slice(from);
        const [first, end] = [new Int32Array(rows), new Int32Array(rows)];
        matchInterval(left, rows, right, from, right.length, fromUs, toUs, first, end);
        const met = [...left].map((_, i) => live.filter(([r]) => r >= first[i]! && r < end[i]!));
        assert.deepEqual(
          met,
          [...left].map((t) => live.filter(([, r]) => r >= t + fromUs && r <= t + toUs)),
        );

        const nullBytes = Uint8Array.from(right, (_, i) => (nulls[i % Math.max(1, nulls.length)] ? 1 : 0));
        const match = new Int32Array(rows);
        matchBackward(left, rows, right, from, right.length, tol, match);
        const cells = new Int32Array(rows);
        holdCells(nullBytes, match, rows, left, right, from, tol, cells);
        const held = [...left].map(
          (t) => live.filter(([r, at]) => at <= t && t - at <= tol && nullBytes[r] === 0).at(-1)?.[0] ?? -1,
        );
        assert.deepEqual([...cells], held);
      },
    ),
    { numRuns: 500 },
  );
});
