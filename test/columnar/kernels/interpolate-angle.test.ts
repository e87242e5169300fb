import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { interpolateAngle } from '../../../columnar/kernels/interpolate-angle.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);

function between(a: number, b: number, weight: number): number {
  const out = new Float64Array(1);
  interpolateAngle(Float64Array.of(a, b), Int32Array.of(0), Int32Array.of(1), Float64Array.of(weight), 1, out);
  return out[0]!;
}

/** Degrees from one direction to another, 0 to 180, by their unit vectors. */
function apart(a: number, b: number): number {
  const [x, y] = [a, b].map((angle) => ((angle % 360) * Math.PI) / 180) as [number, number];
  const cross = Math.cos(x) * Math.sin(y) - Math.sin(x) * Math.cos(y);
  const dot = Math.cos(x) * Math.cos(y) + Math.sin(x) * Math.sin(y);
  return (Math.abs(Math.atan2(cross, dot)) * 180) / Math.PI;
}

test('an angle goes the shortest way round, over north too, and stays in [0, 360)', () => {
  assert.equal(between(350, 10, 0.25), 355);
  assert.equal(between(350, 10, 0.5), 0);
  assert.equal(between(10, 350, 0.75), 355);
  assert.equal(between(-170, 170, 0.5), 180);
  assert.equal(between(0, 180, 0.5), 90);
  assert.equal(between(180, 0, 0.5), 270);
  assert.equal(between(720, -350, 0.5), 5);
  assert.ok(Object.is(between(-0, -0, 0), 0));
  assert.equal(between(Infinity, 5, 0.5), Number.NaN);
  assert.equal(between(5, Number.NaN, 0.5), Number.NaN);
});

test('the result stands between both angles as unit vectors measure it, whatever turns are in them', () => {
  const angle = fc.double({ min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(angle, angle, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, weight) => {
      const whole = apart(a, b);
      fc.pre(whole < 179.999);
      const got = between(a, b, weight);
      assert.ok(got >= 0 && got < 360);
      assert.ok(Math.abs(apart(a, got) - whole * weight) < 1e-4);
      assert.ok(Math.abs(apart(got, b) - whole * (1 - weight)) < 1e-4);
    }),
    { numRuns: RUNS },
  );
});

test('an f32 column never shows 360, and a row without a match is left alone', () => {
  const out = new Float32Array(3).fill(-1);
  const values = Float64Array.of(359.9999999, -1e-20, 5);
  interpolateAngle(values, Int32Array.of(0, 1, -1), Int32Array.of(0, 1, -1), new Float64Array(3), 3, out);
  assert.deepEqual([...out], [0, 0, -1]);
});
