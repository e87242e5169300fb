import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../../columnar/batch.js';
import { concatBatches } from '../../../columnar/kernels/concat.js';
import { compactDictionary } from '../../../columnar/kernels/dictionary.js';
import { filterRows } from '../../../columnar/kernels/filter.js';
import { copyRows, sliceRows } from '../../../columnar/kernels/slice.js';
import { takeRows } from '../../../columnar/kernels/take.js';
import { batchOf, type Row, rowsOf, schemaOf } from '../../processors/telemetry.js';

const SCHEMA = schemaOf(
  ['d', 'f64'],
  ['f', 'f32'],
  ['l', 'i64'],
  ['i', 'i32'],
  ['h', 'i16', 0.5],
  ['u', 'u8'],
  ['p', 'bool'],
  ['s', 'utf8'],
);

const cell = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4 });
const rows: fc.Arbitrary<Row[]> = fc
  .array(
    fc.record({
      timeUs: fc.integer({ min: 0, max: 1e6 }),
      d: cell(fc.double()),
      f: cell(fc.integer({ min: -100, max: 100 })),
      l: cell(fc.maxSafeInteger()),
      i: cell(fc.integer()),
      h: cell(fc.integer({ min: -9, max: 9 })),
      u: cell(fc.integer({ min: 0, max: 255 })),
      p: cell(fc.boolean()),
      s: cell(fc.constantFrom('a', 'b', 'ü')),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => list.sort((a, b) => a.timeUs - b.timeUs));

const make = (list: readonly Row[]): Batch => batchOf('car/1/all', SCHEMA, list);

test('slices are the rows they name, at any bit of the null bitmaps, as views and as copies', () => {
  fc.assert(
    fc.property(rows, fc.nat(), fc.nat(), (list, a, b) => {
      const from = a % list.length;
      const to = from + 1 + (b % (list.length - from));
      const expected = rowsOf(make(list)).slice(from, to);
      assert.deepEqual(rowsOf(sliceRows(make(list), from, to)), expected);
      assert.deepEqual(rowsOf(copyRows(make(list), from, to)), expected);
      assert.deepEqual(rowsOf(sliceRows(sliceRows(make(list), from, list.length), 0, to - from)), expected);
    }),
  );
});

test('parts of a batch put together again are the batch', () => {
  fc.assert(
    fc.property(rows, fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1 }), (list, sizes) => {
      const batch = make(list);
      const parts: Batch[] = [];
      for (let at = 0, turn = 0; at < list.length; turn++) {
        const to = Math.min(list.length, at + sizes[turn % sizes.length]!);
        // One of two parts has a dictionary of its own, in another order.
        const part = sliceRows(batch, at, to);
        parts.push(turn % 2 === 0 ? part : make(list.slice(at, to)));
        at = to;
      }
      assert.deepEqual(rowsOf(concatBatches(parts)), rowsOf(batch));
    }),
  );
});

test('taken and filtered rows are those asked for', () => {
  fc.assert(
    fc.property(rows, fc.infiniteStream(fc.constantFrom(true, false, null)), (list, stream) => {
      const choice = [...stream.take(list.length)];
      const condition = batchOf(
        '',
        schemaOf(['c', 'bool']),
        choice.map((c, i) => ({ timeUs: i, c })),
      ).columns[0]!;
      const expected = rowsOf(make(list)).filter((_, i) => choice[i] === true);
      assert.deepEqual(rowsOf(filterRows(make(list), condition)), expected);
      const indices = Int32Array.from(choice.flatMap((c, i) => (c === true ? [i] : [])));
      assert.deepEqual(rowsOf(takeRows(make(list), indices, indices.length)), expected);
    }),
  );
});

test('a compacted dictionary holds only the texts that are used, and the rows stay the same', () => {
  fc.assert(
    fc.property(rows, (list) => {
      const batch = make(list);
      const last = sliceRows(batch, list.length - 1, list.length);
      const columns = last.columns.map((column) => (column.dictionary ? compactDictionary(column, 1) : column));
      assert.deepEqual(rowsOf({ ...last, columns }), rowsOf(last));
      assert.ok(columns.at(-1)!.dictionary!.length <= 1);
    }),
  );
});
