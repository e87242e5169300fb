import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedNumbers } from '../../../processors/aggregates/states/sorted-numbers.js';
import { random } from '../../support/random.js';
import { RUNS } from './telemetry.js';

function assertHolds(numbers: SortedNumbers, expected: readonly number[]): void {
  assert.equal(numbers.size, expected.length);
  assert.deepEqual([...numbers.toArray()], expected);
}

test('numbers stay in order, with repeats, however they come and go', () => {
  const step = fc.record({ value: fc.integer({ min: 0, max: 30 }), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const numbers = new SortedNumbers();
      const plain: number[] = [];
      for (const { value, remove } of steps) {
        const at = plain.indexOf(value);
        if (remove && at >= 0) {
          plain.splice(at, 1);
          numbers.remove(value);
        } else {
          plain.push(value);
          numbers.add(value);
        }
      }
      assertHolds(
        numbers,
        plain.sort((a, b) => a - b),
      );
    }),
    { numRuns: RUNS },
  );
});

test('many blocks are split, emptied and read by rank', () => {
  const next = random(3);
  for (const draw of [() => next() * 100, () => Math.floor(next() * 5), (i: number) => i, (i: number) => -i]) {
    const values = Array.from({ length: 6000 }, (_, i) => draw(i));
    const sorted = [...values].sort((a, b) => a - b);
    const numbers = new SortedNumbers();
    for (const value of values) numbers.add(value);
    assertHolds(numbers, sorted);
    for (let rank = 0; rank < sorted.length; rank += 271) assert.equal(numbers.at(rank), sorted[rank]);
    const restored = SortedNumbers.of(numbers.toArray());
    for (const kept of [numbers, restored]) {
      for (const value of values.slice(0, 5500)) kept.remove(value);
      const left = values.slice(5500).sort((a, b) => a - b);
      assertHolds(kept, left);
      for (const value of values.slice(0, 2000)) kept.add(value);
      assertHolds(
        kept,
        [...left, ...values.slice(0, 2000)].sort((a, b) => a - b),
      );
    }
  }
});

test('a number that is not there is not taken out', () => {
  const numbers = SortedNumbers.of(Float64Array.of(1, 2, 3));
  assert.throws(() => numbers.remove(2.5), /2\.5 is not among/);
  assert.throws(() => numbers.remove(4), /4 is not among/);
  assert.throws(() => new SortedNumbers().remove(1), /1 is not among/);
});
