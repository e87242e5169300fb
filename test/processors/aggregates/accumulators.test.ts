import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Accumulator, AggregateSet } from '../../../processors/aggregates/aggregate-set.js';
import { type Cell, type Row, schemaOf } from '../telemetry.js';
import { ORACLES } from './aggregate-oracle.js';
import { ALL, ascending, assertAsDefined, assertClose, batch, RUNS, resultOf, setOf } from './telemetry.js';

function over(set: AggregateSet, rows: readonly Row[]): Accumulator {
  const accumulator = set.create();
  if (rows.length > 0) accumulator.add(set.inputs(batch(rows)), 0, rows.length);
  return accumulator;
}

const aggregate = (text: string, rows: readonly Row[]): Cell | undefined => {
  const set = setOf({ value: text });
  return resultOf(set, over(set, rows)).value;
};

const at = (seconds: number, cells: Record<string, Cell>): Row => ({ timeUs: seconds * 1e6, ...cells }) as Row;
const series = (...values: Cell[]): Row[] => values.map((x, i) => at(i, { x }));

test('every aggregate gives what its definition says', () => {
  const set = setOf(ALL);
  fc.assert(
    fc.property(ascending, (rows) => {
      assertAsDefined(resultOf(set, over(set, rows)), rows);
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});

test('any cut into runs gives the same to the last bit, saved and restored anywhere', () => {
  const set = setOf(ALL);
  fc.assert(
    fc.property(ascending, fc.array(fc.nat(8), { minLength: 1 }), fc.array(fc.boolean()), (rows, sizes, saves) => {
      let accumulator = set.create();
      let from = 0;
      for (let turn = 0; from < rows.length; turn++) {
        const run = rows.slice(from, from + 1 + sizes[turn % sizes.length]!);
        const inputs = set.inputs(batch(rows));
        accumulator.add(inputs, from, from + run.length);
        if (saves[turn]) accumulator = set.restore(accumulator.save());
        from += run.length;
      }
      assert.deepEqual(resultOf(set, accumulator), resultOf(set, over(set, rows)));
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});

test('any tree of merges gives the same, and leaves what it merges as it was', () => {
  const set = setOf(ALL);
  fc.assert(
    fc.property(ascending, fc.array(fc.nat(6), { minLength: 1 }), fc.infiniteStream(fc.nat()), (rows, sizes, picks) => {
      let parts: Accumulator[] = [];
      for (let from = 0, turn = 0; from < rows.length || turn === 0; turn++) {
        const size = sizes[turn % sizes.length]! + (turn % 2);
        parts.push(over(set, rows.slice(from, from + size)));
        from += size;
      }
      while (parts.length > 1) {
        const left = picks.next().value! % (parts.length - 1);
        const later = resultOf(set, parts[left + 1]!);
        parts[left]!.merge(parts[left + 1]!);
        assert.deepEqual(resultOf(set, parts[left + 1]!), later);
        parts = parts.filter((_, i) => i !== left + 1);
      }
      assertAsDefined(resultOf(set, parts[0]!), rows);
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});

test('what has been merged can go on, without the two having anything in common', () => {
  const set = setOf({ m: 'median(x)', d: 'distinct(x)', s: 'sum(x)' });
  const [a, b] = [over(set, []), over(set, series(1, 2))];
  a.merge(b);
  a.add(set.inputs(batch(series(30, 40))), 0, 2);
  assert.deepEqual(resultOf(set, b), { m: 1.5, d: 2, s: 3 });
  assert.deepEqual(resultOf(set, a), { m: 16, d: 4, s: 73 });
});

test('several accumulators give a row each', () => {
  const set = setOf({ n: 'count(x)', m: 'mean(x)' });
  const { fields, columns } = set.results([over(set, series(1, 2)), over(set, []), over(set, series(null))]);
  assert.deepEqual(
    fields.map((f) => [f.name, f.type]),
    [
      ['n', 'f64'],
      ['m', 'f64'],
    ],
  );
  assert.deepEqual([...columns[0]!.values], [2, 0, 0]);
  assert.equal(columns[1]!.values[0], 1.5);
  assert.equal(columns[1]!.nulls![0], 0b110);
});

test('a long sum does not drift, and a variance survives a large offset', () => {
  assert.equal(aggregate('sum(x)', series(1e16, ...Array(1000).fill(1), -1e16)), 1000);
  assert.equal(aggregate('mean(x)', series(...Array(10_000).fill(0.1))), 0.1);
  assert.equal(aggregate('var(x)', series(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16)), 30);
});

test('an infinity gives what IEEE 754 says', () => {
  assert.equal(aggregate('sum(x)', series(Infinity, 1)), Infinity);
  assert.equal(aggregate('mean(x)', series(-Infinity, 1)), -Infinity);
  assert.equal(aggregate('sum(x)', series(Infinity, -Infinity)), NaN);
  assert.equal(aggregate('var(x)', series(Infinity, 1, 2)), NaN);
  assert.equal(aggregate('median(x)', series(-Infinity, 1, 2, Infinity)), 1.5);
  assert.equal(aggregate('quantile(x, 0.25)', series(-Infinity, 1)), -Infinity);
});

test('of equal stamps the first is the one that came first, the last the one that came last, in any order of runs', () => {
  const set = setOf({ f: 'first(x)', l: 'last(x)', fs: 'first(s)', ls: 'last(s)' });
  const rows = [at(5, { x: 1, s: 'a' }), at(5, { x: 2, s: 'b' }), at(3, { x: 3, s: 'c' }), at(3, { x: 4, s: 'd' })];
  const accumulator = set.create();
  for (const row of [...rows, at(5, { x: 5, s: 'e' }), at(4, { x: 6, s: 'f' })]) {
    accumulator.add(set.inputs(batch([row])), 0, 1);
  }
  assert.deepEqual(resultOf(set, accumulator), { f: 3, l: 5, fs: 'c', ls: 'e' });
});

test('aggregates that need the order of time leave out rows that come older, and say that they do', () => {
  for (const text of ['integral(x)', 'rate(x)', 'time_weighted_mean(x)', 'increase(x)', 'distance(x, x)']) {
    const set = setOf({ value: text, n: 'count()' });
    assert.equal(set.ordered, true, text);
    const accumulator = over(set, series(1, 5, 7));
    accumulator.add(set.inputs(batch([at(0.5, { x: 99 }), at(1.5, { x: 98 }), at(2, { x: 9 })])), 0, 3);
    const { value, n } = resultOf(set, accumulator);
    assert.deepEqual([value, n], [aggregate(text, [...series(1, 5, 7), at(2, { x: 9 })]), 6], text);
  }
  assert.equal(setOf({ f: 'first(x)', l: 'last(x)', m: 'mean(x)', d: 'distinct(x)' }).ordered, false);
});

test('a counter that begins anew is counted from zero', () => {
  assert.equal(aggregate('increase(x)', series(10, 15, 3, 4, null, 2)), 5 + 3 + 1 + 2);
});

test('a column that comes later counts as null until then, whatever it holds', () => {
  const set = setOf({ n: 'count(s)', m: 'max(s)', d: 'distinct(s)', mean: 'mean(y)', n_y: 'count(y)' });
  const early = [at(0, { x: 1 }), at(1, { x: 2 })];
  const small = schemaOf(['x', 'f64']);
  const large = schemaOf(['x', 'f64'], ['s', 'utf8'], ['y', 'f32']);
  let accumulator = set.create();
  accumulator.add(set.inputs(batch(early, small)), 0, 2);
  assert.deepEqual(resultOf(set, accumulator), { n: 0, d: 0, n_y: 0 });
  accumulator = set.restore(accumulator.save());
  accumulator.add(set.inputs(batch([at(2, { s: 'b', y: 2.5 }), at(3, { s: 'a' })], large)), 0, 2);
  assert.deepEqual(resultOf(set, accumulator), { n: 2, m: 'b', d: 2, mean: 2.5, n_y: 1 });
  const other = over(set, early);
  const both = set.create();
  both.merge(other);
  both.merge(accumulator);
  both.merge(other);
  assert.deepEqual(resultOf(set, both), { n: 2, m: 'b', d: 2, mean: 2.5, n_y: 1 });
});

test('columns of every type are read, with scale, offset and nulls', () => {
  const types = ['f64', 'f32', 'i64', 'i32', 'i16', 'u8'] as const;
  for (const type of types) {
    const scaled = type.startsWith('f') ? schemaOf(['v', type]) : schemaOf(['v', type, 0.5, 10]);
    const set = setOf({ sum: 'sum(v)', n: 'count(v)', last: 'last(v)' });
    const accumulator = set.create();
    accumulator.add(set.inputs(batch([at(0, { v: 4 }), at(1, { v: null }), at(2, { v: 6 })], scaled)), 0, 3);
    const expected = type.startsWith('f') ? { sum: 10, n: 2, last: 6 } : { sum: 25, n: 2, last: 13 };
    assert.deepEqual(resultOf(set, accumulator), expected, type);
  }
});

test('true and false beside numbers count as 1 and 0, and texts beside numbers are an error that names the column', () => {
  const set = setOf({ top: 'max(v)' });
  const accumulator = set.create();
  accumulator.add(set.inputs(batch([at(0, { v: true })], schemaOf(['v', 'bool']))), 0, 1);
  assert.deepEqual(resultOf(set, accumulator), { top: true });
  accumulator.add(set.inputs(batch([at(1, { v: 0.5 })], schemaOf(['v', 'f64']))), 0, 1);
  assert.deepEqual(resultOf(set, accumulator), { top: 1 });
  const texts = set.inputs(batch([at(2, { v: 'a' })], schemaOf(['v', 'utf8'])));
  assert.throws(
    () => accumulator.add(texts, 0, 1),
    /processor p, steps\[2\]: window\.aggregate\.top: "max\(v\)".*took numbers.*finds texts/,
  );
});

test('more values in one window than can be kept are an error that says so', () => {
  const set = setOf({ middle: 'median(x)' });
  const accumulator = set.create();
  const rows = 1 << 18;
  const column = { values: Float64Array.from({ length: rows }, (_, i) => i), nulls: null, dictionary: null };
  const schema = schemaOf(['x', 'f64']);
  const inputs = set.inputs({ stream: 's', schema, rows, timeUs: column.values, columns: [column] });
  for (let turn = 0; turn < 4; turn++) accumulator.add(inputs, 0, rows);
  assert.equal(resultOf(set, accumulator).middle, (rows - 1) / 2);
  assert.throws(
    () => accumulator.add(inputs, 0, 1),
    /window\.aggregate\.middle: "median\(x\)": one window has more than 1,048,576 values to keep; make the window shorter/,
  );
});

test('the tolerance of these tests tells a wrong result from a right one', () => {
  assert.throws(() => assertClose(1 + 1e-8, 1, 1, 'x'));
  assert.throws(() => assertClose(null, 1, 1e9, 'x'));
  assert.throws(() =>
    assertAsDefined({ ...resultOf(setOf(ALL), over(setOf(ALL), series(1, 2))), sum: 4 }, series(1, 2)),
  );
  assert.ok(Object.keys(ORACLES).length > 25);
});
