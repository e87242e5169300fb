import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanNumber } from '../../../gateway/decoders/json-number.js';

const target = new Float64Array(3);

/** What scanNumber makes of a text, or undefined when it does not take it to its end. */
function scan(text: string): number | undefined {
  target.fill(123);
  const end = scanNumber(Buffer.from(`[${text}]`), 1, target, 1);
  assert.equal(target[0], 123);
  assert.equal(target[2], 123);
  return end === text.length + 1 ? target[1] : undefined;
}

function parse(text: string): number | undefined {
  try {
    return JSON.parse(text) as number;
  } catch {
    return undefined;
  }
}

test('every double is read back from its shortest text to the bit', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.ok(Object.is(scan(JSON.stringify(value)), value + 0), String(value));
    }),
    { numRuns: 5000 },
  );
});

test('any row of digits, signs, points and exponents is read as JSON.parse reads it, or not at all', () => {
  const token = fc.array(fc.constantFrom(...'00123456789999..eE+-'), { minLength: 1, maxLength: 26 });
  fc.assert(
    fc.property(token, (characters) => {
      const text = characters.join('');
      assert.ok(Object.is(scan(text), parse(text)), text);
    }),
    { numRuns: 20_000 },
  );
});

test('long decimals, and those halfway between two doubles, are rounded once', () => {
  const digits = fc.bigInt({ min: 1n, max: 10n ** 20n });
  fc.assert(
    fc.property(digits, fc.integer({ min: 0, max: 24 }), fc.boolean(), (whole, places, negative) => {
      const padded = whole.toString().padStart(places + 1, '0');
      const point = padded.length - places;
      const text = `${negative ? '-' : ''}${padded.slice(0, point)}${places > 0 ? `.${padded.slice(point)}` : ''}`;
      assert.ok(Object.is(scan(text), parse(text)), text);
    }),
    { numRuns: 20_000 },
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 56n }), (near) => {
      for (const text of [`${near}`, `${near}.5`, `${near * 2n + 1n}`, `0.${near}`, `${near}e-17`, `${near}.0`]) {
        assert.ok(Object.is(scan(text), parse(text)), text);
      }
    }),
    { numRuns: 5000 },
  );
});

test('the edges of number grammar and range are those of JSON', () => {
  for (const text of [
    '0',
    '-0',
    '0.0',
    '-0.0',
    '0e5',
    '1E5',
    '1e+05',
    '1e-05',
    '123456789',
    '1234567890',
    '-4294967296',
    '99999999999',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '1e308',
    '1e309',
    '-1e400',
    '4.9e-324',
    '2e-324',
    '1e99999999999999999999',
    '1.7976931348623159e308',
    '0.000000000000000000000000000000001',
    '1e22',
    '1e23',
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1.e5',
    '1e',
    '1e+',
    '--1',
    '1..2',
    '1.2.3',
    '-.5',
    '00',
    '-01',
    '1e5.5',
    'e5',
  ]) {
    assert.ok(Object.is(scan(text), parse(text)), text);
  }
});
