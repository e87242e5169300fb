import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextBuffer } from '../../../sinks/text/text-buffer.js';

const buffer = new TextBuffer(256);

function text(write: (to: TextBuffer) => void): string {
  buffer.at = 0;
  write(buffer);
  return buffer.bytes.toString('latin1', 0, buffer.at);
}

const digits = (number: string): string =>
  number
    .replace(/e.*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');

/** Doubles of all magnitudes, and those that measuring devices send: few decimals. */
const float64 = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -2000, max: 2000, noNaN: true }),
  fc.double({ min: -2e16, max: 2e16, noNaN: true }),
  fc.double({ min: 1e-6, max: 1e-4, noNaN: true }),
  fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 12 })).map(([r, k]) => Number(`${r}e-${k}`)),
);
const float32 = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ min: -1000, max: 1000, noNaN: true }),
  fc
    .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 7 }))
    .map(([r, k]) => Math.fround(r / 10 ** k)),
);

test('a double is written in digits that read back as the same double, and in as few as JavaScript needs', () => {
  fc.assert(
    fc.property(float64, fc.integer({ min: 0, max: 17 }), (value, decimals) => {
      const written = text((to) => {
        to.decimals = decimals;
        to.float64(value);
      });
      assert.ok(Object.is(JSON.parse(written), value), `${value} became ${written}`);
      assert.equal(digits(written), digits(String(value)), `${value} became ${written}`);
    }),
    { numRuns: 20_000 },
  );
});

test('a float32 is written in the fewest digits that read back as the same float32', () => {
  fc.assert(
    fc.property(float32, fc.integer({ min: 0, max: 13 }), (value, decimals) => {
      const written = text((to) => {
        to.decimals = decimals;
        to.float32(value);
      });
      assert.ok(Object.is(Math.fround(JSON.parse(written)), value), `${value} became ${written}`);
      let precision = 1;
      while (Math.fround(Number(value.toPrecision(precision))) !== Math.fround(value)) precision++;
      assert.ok(digits(written).length <= Math.max(precision, 8), `${value} became ${written}`);
      if (Math.abs(value) >= 2 ** 24 || (Math.abs(value) > 1e-4 && !Number.isInteger(value))) {
        assert.ok(digits(written).length <= precision, `${value} became ${written}, ${precision} digits are enough`);
      }
    }),
    { numRuns: 20_000 },
  );
  assert.equal(
    text((to) => to.float32(Math.fround(0.1))),
    '0.1',
  );
  assert.equal(
    text((to) => to.float32(Math.fround(-9.80665))),
    '-9.80665',
  );
});

test('a whole number within 2^53 is written with all its digits', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(
        text((to) => to.integer(value)),
        String(value),
      );
    }),
    { numRuns: 5_000 },
  );
  for (let e = 0; e <= 15; e++) {
    for (const value of [10 ** e - 1, 10 ** e, 10 ** e + 1, 9007199199999999]) {
      assert.equal(
        text((to) => to.integer(value)),
        String(value),
      );
    }
  }
  assert.equal(
    text((to) => to.float64(-0)),
    '-0',
  );
  assert.equal(
    text((to) => to.float32(-0)),
    '-0',
  );
});
