import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { field } from '../../../columnar/schema.js';
import type { Precision } from '../../../sinks/influxdb/line-template.js';
import { recordOf, START_US } from '../record-of.js';
import { encodeRecord } from './encode-record.js';
import { parseLines } from './parse-lines.js';

/** A record of one column with the given stamps, and maybe a tag a row. */
function record(times: readonly number[], offset = 0, wheels: readonly string[] = times.map(() => 'fl')) {
  const n = field('n', 'i32');
  return recordOf({
    times,
    offset,
    columns: [
      [n, times.map((_, row) => row)],
      [field('wheel', 'utf8'), wheels],
    ],
  });
}

function timesOf(
  times: readonly number[],
  offset = 0,
  precision: Precision = 'ns',
  wheels?: readonly string[],
): bigint[] {
  const { bytes } = encodeRecord(record(times, offset, wheels), { precision, tags: ['wheel'] });
  return parseLines(bytes).map(({ time }) => time);
}

const START_NS = BigInt(START_US) * 1000n;
const anyStamps = fc.array(fc.constantFrom(0, 1, 1, 1000), { minLength: 1, maxLength: 59 }).map((steps) => {
  let time = 0;
  return steps.map((step) => (time += step));
});

test('each row has a slot behind its microsecond, from the offset of its record and the rows of its series and stamp before', () => {
  assert.deepEqual(
    timesOf([0, 1, 2], 2),
    [236n, 1_236n, 2_236n].map((ns) => START_NS + ns),
  );
  assert.deepEqual(
    timesOf([0, 0, 1, 1], 2, 'ns', ['fl', 'fr', 'fr', 'fl']),
    [236n, 236n, 1_236n, 1_236n].map((ns) => START_NS + ns),
  );
  assert.deepEqual(
    timesOf([0, 0, 0, 1], 0),
    [1n, 2n, 3n, 1_001n].map((ns) => START_NS + ns),
  );
  assert.deepEqual(
    timesOf([0, 0, 0, 1], 2),
    [236n, 237n, 238n, 1_236n].map((ns) => START_NS + ns),
  );
  assert.deepEqual(timesOf([0, 0, 0, 1], 999 * 1_000_000 + 1), timesOf([0, 0, 0, 1], 1));
});

test('rows of a series that stand in records near each other never share a time', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 12 }), anyStamps, anyStamps, (offset, apart, one, other) => {
      fc.pre(offset + apart <= Number.MAX_SAFE_INTEGER);
      const all = [...timesOf(one, offset), ...timesOf(other, offset + apart)];
      assert.equal(new Set(all).size, all.length);
    }),
    { numRuns: 1_000 },
  );
});

test('of a stamp in records of one row, up to 999 records after one another are kept apart', () => {
  const times = Array.from({ length: 999 }, (_, offset) => timesOf([0], 123_456 + offset)[0]);
  assert.equal(new Set(times).size, 999);
});

test('times round down to the stamps, in every unit', () => {
  const units: [Precision, bigint][] = [
    ['ns', 1n],
    ['us', 1_000n],
    ['ms', 1_000_000n],
    ['s', 1_000_000_000n],
  ];
  fc.assert(
    fc.property(anyStamps, fc.maxSafeNat(), fc.constantFrom(...units), (stamps, offset, [precision, unitNs]) => {
      const expected = stamps.map((stamp) => {
        const ns = START_NS + BigInt(stamp) * 1000n;
        return precision === 'ns' ? ns / 1000n : ns / unitNs;
      });
      const times = timesOf(stamps, offset, precision);
      assert.deepEqual(
        times.map((time) => (precision === 'ns' ? time / 1000n : time)),
        expected,
      );
    }),
    { numRuns: 1_000 },
  );
});

test('rows that become one point, for want of smaller units or of slots, are counted', () => {
  const overwriting = (times: readonly number[], precision: Precision, wheels?: readonly string[]) =>
    encodeRecord(record(times, 3, wheels), { precision, tags: ['wheel'] }, [1, 2]).counts.overwriting;
  assert.equal(overwriting([0, 0, 0, 1], 'us'), 2);
  assert.equal(overwriting([0, 0, 0, 1], 'us', ['fl', 'fr', 'fl', 'fl']), 1);
  assert.equal(overwriting([0, 1, 999, 1_000], 'ms'), 2);
  assert.equal(overwriting([0, 1, 999, 1_000_000], 's'), 2);
  assert.equal(overwriting(new Array<number>(1_001).fill(0), 'ns'), 2);
  assert.equal(new Set(timesOf(new Array<number>(1_001).fill(0))).size, 999);
});
