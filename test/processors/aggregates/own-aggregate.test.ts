import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerAggregate } from '../../../processors/aggregates/aggregates.js';
import type { OwnAggregate } from '../../../processors/aggregates/own-aggregate.js';
import type { Row } from '../telemetry.js';
import { batch, resultOf, rowsOfResults, setOf } from './telemetry.js';

const RMS: OwnAggregate<{ n: number; squares: number }> = {
  parameters: ['x'],
  create: () => ({ n: 0, squares: 0 }),
  add(state, [x]) {
    state.n++;
    state.squares += x! * x!;
    return state;
  },
  merge: (a, b) => ({ n: a.n + b.n, squares: a.squares + b.squares }),
  result: ({ n, squares }) => (n === 0 ? null : Math.sqrt(squares / n)),
};
registerAggregate('rms', RMS);
registerAggregate<number[]>('turns', {
  parameters: ['x', 'y'],
  ordered: true,
  create: () => [],
  add: (state, [x, y], timeUs) => [...state, x! * 100 + y! * 10 + timeUs],
  merge: (a, b) => [...a, ...b],
  result: (state) => (state.length === 0 ? null : state.reduce((all, turn) => all * 1000 + turn, 0)),
});
registerAggregate('broken', {
  ...RMS,
  add() {
    throw new Error('no such sensor');
  },
});

const rows: Row[] = [3, null, 4, NaN].map((x, i) => ({ timeUs: i, x, lat: 1, lon: null }));

test('an aggregate of the user is used like any other, in windows and rolling', () => {
  const set = setOf({ r: 'rms(x) * 2', n: 'rms(x - x)', none: 'rms(lon)' });
  const first = set.create();
  const inputs = set.inputs(batch(rows));
  first.add(inputs, 0, 2);
  const second = set.create();
  second.add(inputs, 2, 4);
  first.merge(set.restore(second.save()));
  assert.deepEqual(resultOf(set, first), { r: 2 * Math.sqrt(12.5), n: 0, none: null });
  const rolling = rowsOfResults(set.rolling(2).add(set.inputs(batch(rows))), 4);
  assert.deepEqual(
    rolling.map((row) => row.r),
    [6, 6, 8, 8],
  );
});

test('one that needs the order of time is not given rows that come older', () => {
  const set = setOf({ t: 'turns(x, lat)' });
  assert.equal(set.ordered, true);
  const accumulator = set.create();
  accumulator.add(set.inputs(batch([{ timeUs: 5, x: 1, lat: 2 }])), 0, 1);
  accumulator.add(
    set.inputs(
      batch([
        { timeUs: 4, x: 9, lat: 9 },
        { timeUs: 5, x: 3, lat: 4 },
      ]),
    ),
    0,
    2,
  );
  assert.deepEqual(resultOf(set, accumulator), { t: 125_345 });
});

test('one that throws stops the step with its name and place', () => {
  const set = setOf({ r: '1 + broken(x)' });
  const wrong = /steps\[2\]: window\.aggregate\.r: "1 \+ broken\(x\)": no such sensor/;
  assert.throws(() => set.create().add(set.inputs(batch(rows)), 0, 1), wrong);
  assert.throws(() => set.rolling(5).add(set.inputs(batch(rows))), wrong);
});

test('names that are taken, or that cannot be written, are refused', () => {
  const refused: [string, RegExp][] = [
    ['mean', /there is an aggregate of that name/],
    ['rms', /there is an aggregate of that name/],
    ['sqrt', /there is a function of that name/],
    ['not', /a meaning of its own/],
    ['pi', /a meaning of its own/],
    ['Rms', /small letters/],
    ['2nd', /small letters/],
    ['', /small letters/],
  ];
  for (const [name, message] of refused) assert.throws(() => registerAggregate(name, RMS), message, name);
  assert.throws(() => registerAggregate('constant', { ...RMS, parameters: [] }), /at least one parameter/);
});
