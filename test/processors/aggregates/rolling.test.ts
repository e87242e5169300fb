import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AggregateSet, RollingAccumulator } from '../../../processors/aggregates/aggregate-set.js';
import { registerAggregate } from '../../../processors/aggregates/aggregates.js';
import { random } from '../../support/random.js';
import { type Cell, type Row, schemaOf } from '../telemetry.js';
import { ALL, assertAsDefined, batch, disordered, RUNS, rowsOfResults, setOf } from './telemetry.js';

registerAggregate<string>('spelled', {
  parameters: ['x'],
  create: () => '',
  add: (state, [x]) => `${state}${x},`,
  merge: (earlier, later) => earlier + later,
  result: (state) => state.length,
});

/** Cuts rows where they go back in time, and after so many rows. */
function cut(rows: readonly Row[], sizes: readonly number[]): Row[][] {
  const runs: Row[][] = [];
  rows.forEach((row, i) => {
    const run = runs.at(-1);
    const full = run !== undefined && run.length >= sizes[(runs.length - 1) % sizes.length]!;
    if (run === undefined || full || row.timeUs < rows[i - 1]!.timeUs) runs.push([row]);
    else run.push(row);
  });
  return runs;
}

function roll(set: AggregateSet, rolling: RollingAccumulator, rows: readonly Row[]): Record<string, Cell>[] {
  return rowsOfResults(rolling.add(set.inputs(batch(rows))), rows.length);
}

/** The rows that row `index` sees, from the definition, in the order of their time. */
function seen(rows: readonly Row[], index: number, overUs: number): Row[] {
  const row = rows[index]!;
  const latestUs = Math.max(...rows.slice(0, index + 1).map((before) => before.timeUs));
  return rows
    .slice(0, index)
    .filter(({ timeUs }) => timeUs > row.timeUs - overUs && timeUs <= row.timeUs && timeUs > latestUs - overUs)
    .concat(row)
    .map((before, came) => ({ before, came }))
    .sort((a, b) => a.before.timeUs - b.before.timeUs || a.came - b.came)
    .map(({ before }) => before);
}

/** A checkpoint's store: what `changes` gave, and did not take back. */
function save(rolling: RollingAccumulator, stored: Map<string, Uint8Array>): void {
  for (const [name, value] of rolling.changes()) {
    if (value === null) assert.ok(stored.delete(name), `${name} is stored`);
    else stored.set(name, value);
  }
}

const overs = fc.constantFrom(1, 250_001, 500_000, 1_000_000, 3_000_000, 1e9);
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

test('every row sees the rows of its window that came before it, whatever the order of time', () => {
  const set = setOf(ALL);
  fc.assert(
    fc.property(disordered, overs, cuts, (rows, overUs, sizes) => {
      const rolling = set.rolling(overUs);
      const results = cut(rows, sizes).flatMap((run) => roll(set, rolling, run));
      for (const [i, result] of results.entries()) assertAsDefined(result, seen(rows, i, overUs), `at row ${i}`);
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

test('any cut into batches gives the same to the last bit, saved and restored anywhere', () => {
  const set = setOf({ ...ALL, spelled: 'spelled(x)' });
  fc.assert(
    fc.property(disordered, overs, cuts, cuts, fc.array(fc.boolean()), (rows, overUs, sizes, others, saves) => {
      const whole = set.rolling(overUs);
      const expected = cut(rows, others).flatMap((run) => roll(set, whole, run));
      let rolling = set.rolling(overUs);
      const stored = new Map<string, Uint8Array>();
      const results = cut(rows, sizes).flatMap((run, turn) => {
        const given = roll(set, rolling, run);
        if (saves[turn]) {
          save(rolling, stored);
          rolling = set.restoreRolling(overUs, stored);
        }
        return given;
      });
      assert.deepEqual(results, expected);
      assert.equal(rolling.rows, whole.rows);
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

/** Rows 10 ms apart with some that come late, over windows of many pieces. */
function longLane(count: number): Row[] {
  const next = random(7);
  return Array.from({ length: count }, (_, i) => {
    const late = next() < 0.02 ? Math.floor(next() * 40_000) * 1000 : 0;
    const x = next() < 0.05 ? null : Math.round(next() * 1000) / 8;
    return { timeUs: 1e12 + i * 10_000 - late, x, s: x === null ? null : `text ${Math.floor(x)}` };
  });
}

test('windows of thousands of rows are as exact, also behind a restart', () => {
  const set = setOf({ sum: 'sum(x)', max: 'max(x)', median: 'median(x)', distinct: 'distinct(s)', last: 'last(s)' });
  const overUs = 35_000_000;
  const rows = longLane(9000);
  let rolling = set.rolling(overUs);
  const stored = new Map<string, Uint8Array>();
  const results = cut(rows, [300]).flatMap((run, turn) => {
    const given = roll(set, rolling, run);
    if (turn % 5 === 0) save(rolling, stored);
    if (turn % 10 === 0) rolling = set.restoreRolling(overUs, stored);
    return given;
  });
  for (let i = 0; i < rows.length; i += 97) {
    const x = seen(rows, i, overUs).flatMap((row) => (row.x === null ? [] : [row.x as number]));
    const sorted = [...x].sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const { sum, max, median, distinct } = results[i]!;
    if (x.length === 0) continue;
    assert.equal(
      sum,
      x.reduce((a, b) => a + b, 0),
      `eighths are added without rounding, row ${i}`,
    );
    assert.equal(max, sorted.at(-1));
    assert.equal(median, (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2);
    assert.equal(distinct, new Set(x.map(Math.floor)).size);
  }
  assert.ok(rolling.rows > 3000 && rolling.rows <= 3500, `${rolling.rows} rows are kept`);
});

test('a checkpoint costs what has changed, and gives up what has left', () => {
  const set = setOf({ m: 'mean(x)', s: 'last(s)' });
  const rolling = set.rolling(50_000_000);
  const stored = new Map<string, Uint8Array>();
  const pieces: number[] = [];
  let bytes = 0;
  for (const run of cut(
    longLane(20_000).sort((a, b) => a.timeUs - b.timeUs),
    [500],
  )) {
    roll(set, rolling, run);
    const changes = [...rolling.changes()];
    pieces.push(changes.length);
    bytes = Math.max(bytes, ...changes.map(([, value]) => value?.length ?? 0));
    for (const [name, value] of changes) {
      if (value === null) stored.delete(name);
      else stored.set(name, value);
    }
  }
  assert.ok(Math.max(...pieces) <= 5, 'the window, two pieces at the end, one or two that have left');
  assert.ok(bytes < 64 * 1024);
  assert.equal(stored.size, 7, 'the window, and six pieces for some 5000 rows');
  assert.deepEqual([...rolling.changes()], [], 'nothing has changed');
});

test('an infinity that leaves the window is forgotten', () => {
  const set = setOf({ s: 'sum(x)', m: 'mean(x)', v: 'var(x)', i: 'integral(x)', hi: 'max(x)' });
  const rows = [1, Infinity, 2, 3, 4, 5].map((x, i): Row => ({ timeUs: i * 1e6, x }));
  const results = roll(set, set.rolling(2_000_000), rows);
  assert.deepEqual(results[1], { s: Infinity, m: Infinity, v: NaN, i: Infinity, hi: Infinity });
  assert.deepEqual(results[3], { s: 5, m: 2.5, v: 0.5, i: 2.5, hi: 3 });
});

test('a row too old for the window of the latest sees itself, and is not kept', () => {
  const set = setOf({ n: 'count()', s: 'sum(x)', t: 'last(s)' });
  const rolling = set.rolling(1_000_000);
  roll(set, rolling, [{ timeUs: 10e6, x: 1, s: 'a' }]);
  const old = roll(set, rolling, [
    { timeUs: 8e6, x: 20, s: 'b' },
    { timeUs: 9e6, x: 300, s: null },
  ]);
  assert.deepEqual(old, [
    { n: 1, s: 20, t: 'b' },
    { n: 1, s: 300, t: null },
  ]);
  assert.equal(rolling.rows, 1);
  assert.deepEqual(roll(set, rolling, [{ timeUs: 10.5e6, x: 4, s: null }]), [{ n: 2, s: 5, t: 'a' }]);
});

test('a column that comes later counts as null for the rows before', () => {
  const set = setOf({ n: 'count()', m: 'max(s)', c: 'count(s)', d: 'distinct(s)' });
  const rolling = set.rolling(10e6);
  const early = set.inputs(batch([{ timeUs: 0, x: 1 }], schemaOf(['x', 'f64'])));
  assert.deepEqual(rowsOfResults(rolling.add(early), 1), [{ n: 1, c: 0, d: 0 }]);
  assert.deepEqual(roll(set, rolling, [{ timeUs: 1, s: 'a' }]), [{ n: 2, m: 'a', c: 1, d: 1 }]);
  const stored = new Map<string, Uint8Array>();
  save(rolling, stored);
  const restored = set.restoreRolling(10e6, stored);
  assert.deepEqual(roll(set, restored, [{ timeUs: 2, s: 'b' }]), [{ n: 3, m: 'b', c: 2, d: 2 }]);
});
