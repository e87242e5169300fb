import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epochUs, formatIso, isoUs, unitOf } from '../../core/event-time.js';
import { TIME_US_MAX } from '../../core/limits.js';

const FIRST_MS = Date.UTC(1971, 0, 1);
const LAST_MS = Date.UTC(2199, 11, 31, 23, 59, 59);

test('the size of an epoch number tells its unit for every time from 1971 to 2200', () => {
  fc.assert(
    fc.property(fc.integer({ min: FIRST_MS / 1000, max: LAST_MS / 1000 }), (s) => {
      assert.deepEqual([s, s * 1e3, s * 1e6, s * 1e9].map(unitOf), ['s', 'ms', 'us', 'ns']);
      for (const factor of [1, 1e3, 1e6]) assert.equal(epochUs(s * factor, null), s * 1e6);
      assert.ok(Math.abs(epochUs(s * 1e9, null) - s * 1e6) <= 1);
    }),
  );
});

test('the first and the last moment of the range are told in each unit', () => {
  for (const ms of [FIRST_MS, LAST_MS]) {
    assert.deepEqual([ms / 1e3, ms, ms * 1e3, ms * 1e6].map(unitOf), ['s', 'ms', 'us', 'ns']);
  }
});

test('a number below 1971 in seconds has no unit by size, but is taken with a declared one', () => {
  for (const small of [0, 1, 46_408.9, 31_535_999]) assert.ok(Number.isNaN(epochUs(small, null)));
  assert.equal(epochUs(0, 's'), 0);
  assert.equal(epochUs(46_408.915_123, 's'), 46_408_915_123);
  assert.equal(epochUs(12_345, 'ms'), 12_345_000);
});

test('fractions of a second and of a millisecond are read to the microsecond', () => {
  assert.equal(epochUs(1533226488.299, null), 1533226488299000);
  assert.equal(epochUs(1711111111123.456, null), 1711111111123456);
  fc.assert(
    fc.property(fc.integer({ min: FIRST_MS * 1000, max: LAST_MS * 1000 }), (timeUs) => {
      assert.equal(
        epochUs(Number(`${Math.floor(timeUs / 1e6)}.${String(timeUs % 1e6).padStart(6, '0')}`), null),
        timeUs,
      );
      assert.equal(epochUs(timeUs, null), timeUs);
      // From the year 2116 on, doubles are 1024 ns apart.
      const spacingUs = timeUs < 2 ** 62 / 1000 ? 0 : 1;
      assert.ok(Math.abs(epochUs(Number(`${timeUs}000`), 'ns') - timeUs) <= spacingUs);
    }),
  );
});

test('times outside 1970 to 2200 are no times', () => {
  assert.equal(epochUs(TIME_US_MAX, 'us'), TIME_US_MAX);
  for (const [value, unit] of [
    [-1, 's'],
    [TIME_US_MAX + 1, 'us'],
    [7_258_118_401, 's'],
    [1e300, null],
    [Number.POSITIVE_INFINITY, null],
    [Number.NaN, 's'],
  ] as const) {
    assert.ok(Number.isNaN(epochUs(value, unit)), `${value} ${unit}`);
  }
});

test('ISO 8601 texts agree with the Date of JavaScript wherever that reads them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: LAST_MS - 86_400_000 }),
      fc.constantFrom('Z', '+00:00', '+05:30', '-08:00'),
      (ms, zone) => {
        const text = new Date(ms).toISOString().replace('Z', zone);
        const wantedUs = Date.parse(text) * 1000;
        if (wantedUs >= 0) assert.equal(isoUs(text), wantedUs);
      },
    ),
  );
});

test('ISO 8601 texts are read in the forms devices write', () => {
  const noon = Date.UTC(2024, 2, 22, 12, 38, 31) * 1000;
  for (const [text, wanted] of [
    ['2024-03-22T12:38:31', noon],
    ['2024-03-22 12:38:31', noon],
    ['2024-03-22t12:38:31z', noon],
    ['2024-03-22 12:38:31Z', noon],
    ['2024-03-22T12:38:31 Z', noon],
    ['20240322T123831Z', noon],
    ['2024-03-22T14:38:31+0200', noon],
    ['2024-03-22T14:38:31+02', noon],
    ['2024-03-22T07:08:31-05:30', noon],
    ['2024-03-22T12:38:31.5Z', noon + 500_000],
    ['2024-03-22T12:38:31,123456Z', noon + 123_456],
    ['2024-03-22T12:38:31.123456789Z', noon + 123_457],
    ['2024-03-22T12:38:30.9999999Z', noon],
    ['2024-03-22T12:38', noon - 31e6],
    ['2024-03-22', Date.UTC(2024, 2, 22) * 1000],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1) * 1000],
    ['2024-02-29T24:00:00Z', Date.UTC(2024, 2, 1) * 1000],
  ] as const) {
    assert.equal(isoUs(text), wanted, text);
  }
});

test('texts that are no time of the calendar are refused', () => {
  for (const text of [
    '',
    'now',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-04-31',
    '2024-03-22T25:00',
    '2024-03-22T24:00:01',
    '2024-03-22T12:60',
    '2024-03-22T12:00:61',
    '2024-03-22T12:00+24:00',
    '1969-12-31T23:59:59Z',
    '2200-01-02',
    '1711111111123',
    '22.03.2024',
    `2024-03-22T12:00:00.${'1'.repeat(60)}`,
  ]) {
    assert.ok(Number.isNaN(isoUs(text)), text);
  }
});

test('formatIso writes what isoUs reads back', () => {
  assert.equal(formatIso(1_711_111_111_123_456), '2024-03-22T12:38:31.123456Z');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: TIME_US_MAX }), (timeUs) => assert.equal(isoUs(formatIso(timeUs)), timeUs)),
  );
});
