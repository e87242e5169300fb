import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { patternFault, StreamPattern } from '../../../core/stream-pattern.js';
import { overlap } from '../../../pipeline/config/overlap.js';

const LEVELS = ['a', 'b', '+', '{x}', '{y}'];
const pattern = fc
  .tuple(fc.array(fc.constantFrom(...LEVELS), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((text) => patternFault(text) === null);

/** All names of up to five levels of two words: enough to tell any two patterns of four levels apart. */
const names: string[] = [];
for (let prefixes = ['']; names.length < 62; ) {
  prefixes = prefixes.flatMap((prefix) => ['a', 'b'].map((word) => (prefix ? `${prefix}/${word}` : word)));
  names.push(...prefixes);
}

test('Two patterns overlap exactly when some stream matches both.', () => {
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const [left, right] = [new StreamPattern(a), new StreamPattern(b)];
      const both = names.some((name) => left.matches(name) && right.matches(name));
      assert.equal(overlap(a, b), both, `${a} ${b}`);
      assert.equal(overlap(b, a), both);
    }),
    { numRuns: 2000 },
  );
});
