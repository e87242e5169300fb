import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { field, Schema } from '../../columnar/schema.js';
import { sortByTime, timeOrder } from '../../columnar/sort-by-time.js';

test('rows are sorted by time and equal stamps keep their order, as Array.sort has it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), (times) => {
      const order = timeOrder(Float64Array.from(times), times.length);
      const wanted = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]!);
      assert.deepEqual(order === null ? times.map((_, i) => i) : [...order], wanted);
      assert.equal(
        order === null,
        times.every((time, i) => i === 0 || time >= times[i - 1]!),
      );
    }),
    { numRuns: 2000 },
  );
});

test('cells, nulls and texts go with their row; an ordered batch is the same object', () => {
  const schema = new Schema([field('v', 'i16'), field('m', 'utf8')]);
  const batch = {
    stream: 's',
    schema,
    rows: 3,
    timeUs: Float64Array.of(30, 10, 20, 0),
    columns: [
      { values: Int16Array.of(3, 1, 2, 9), nulls: null, dictionary: null },
      { values: Int32Array.of(1, 0, 0, 0), nulls: Uint8Array.of(0b100), dictionary: ['a', 'b'] },
    ],
  };
  const sorted = sortByTime(batch);
  assert.deepEqual([...sorted.timeUs], [10, 20, 30]);
  assert.deepEqual([...sorted.columns[0]!.values], [1, 2, 3]);
  assert.deepEqual([[...sorted.columns[1]!.values].at(2), sorted.columns[1]!.nulls], [1, Uint8Array.of(0b10)]);
  assert.equal(sortByTime(sorted), sorted);
});
