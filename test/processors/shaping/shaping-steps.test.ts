import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../../core/errors.js';
import { checkPlans } from '../../../processors/check-plan.js';
import { type InputRecord, PartitionGraph } from '../../../processors/partition-graph.js';
import type { FillStep, ResampleStep, SortStep, Step } from '../../../processors/plan.js';
import { GAP_ROWS_MAX } from '../../../processors/shaping/grid-rows.js';
import { HELD_ROWS_MAX } from '../../../processors/shaping/hold-limits.js';
import { dataRecord, outputRows, type Row, schemaOf, tickRecord } from '../telemetry.js';

const S = 1_000_000;
const T0 = 1_700_000_000 * S;
const SCHEMA = schemaOf(['x', 'f32'], ['n', 'i16', 0.5, 1], ['big', 'i64'], ['on', 'bool'], ['note', 'utf8']);

const resample = (step: Partial<ResampleStep> = {}): ResampleStep => {
  return { verb: 'resample', everyUs: S, how: 'linear', maxGapUs: null, channels: {}, ...step };
};
const sort = (latenessUs = 2 * S, equal: SortStep['equal'] = 'all'): SortStep => ({ verb: 'sort', latenessUs, equal });
const fill = (columns: FillStep['columns']): FillStep => ({ verb: 'fill', columns });

function graphOf(...steps: Step[]): PartitionGraph {
  return new PartitionGraph([{ name: 'p', from: [{ pattern: 'car/{car}/a' }], steps }]);
}

/** Rows at seconds after `T0`. */
function record(...rows: [seconds: number, cells: Record<string, Row[string]>][]): InputRecord {
  const made = rows.map(([seconds, cells]): Row => ({ ...cells, timeUs: T0 + seconds * S }));
  return dataRecord('car/1/a', SCHEMA, made, T0);
}

function given(graph: PartitionGraph, ...records: InputRecord[]): Record<string, unknown>[] {
  return outputRows(graph.run(records)).map(({ timeUs, ...cells }) => {
    const known = Object.entries(cells).filter(([, cell]) => cell !== null);
    return { at: (timeUs - T0) / S, ...Object.fromEntries(known) };
  });
}

function faults(...steps: Step[]): string[] {
  const plan = { name: 'p', from: [{ pattern: 'car/{car}/a' }], steps };
  return checkPlans([plan], () => SCHEMA).map(({ path, message }) => `${path}: ${message}`);
}

test('a resample interpolates what is a number, takes the rest from the row before, and counts real rows', () => {
  const graph = graphOf(resample());
  const rows = given(
    graph,
    record([0.5, { x: 1, n: 0, big: 10, on: true, note: 'a' }]),
    record(
      [2.5, { x: 3, n: 4, big: 20, on: false, note: 'b' }],
      [3, { x: 5, note: 'c' }],
      [3, { x: 6, n: 8, note: 'd' }],
      [4, {}],
    ),
  );
  assert.deepEqual(rows, [
    { at: 1, x: 1.5, n: 1.5, big: 12.5, on: true, note: 'a', samples: 1, interpolated: true },
    { at: 2, x: 2.5, n: 2.5, big: 17.5, on: true, note: 'a', samples: 0, interpolated: true },
    { at: 3, x: 6, n: 5, note: 'd', samples: 3, interpolated: false },
  ]);
});

test('steps and nearest rows keep the type of their column, and a tie goes to the earlier row', () => {
  const graph = graphOf(resample({ how: 'nearest', channels: { big: 'step', n: 'nearest' } }));
  const rows = graph.run([
    record([0.5, { x: 1, n: 7, big: 2, on: true }]),
    record([1.5, { x: 2, big: 4, note: 'b' }], [2.25, { x: 3, big: 6, on: false }], [9, {}]),
  ]);
  const shown = outputRows(rows)
    .slice(0, 2)
    .map(({ x, n, big, on, note }) => [x, n, big, on, note]);
  assert.deepEqual(shown, [
    [1, 4.5, 2, true, null],
    [3, null, 4, false, null],
  ]);
  assert.deepEqual(
    rows[0]!.batch.schema.fields.map(({ name, type, scale }) => [name, type, scale]),
    [
      ['x', 'f32', 1],
      ['n', 'i16', 0.5],
      ['big', 'i64', 1],
      ['on', 'bool', 1],
      ['note', 'utf8', 1],
      ['samples', 'i32', 1],
      ['interpolated', 'bool', 1],
    ],
  );
});

test('a pause that would make more rows than the limit makes none and is said once; a row on the grid is given', () => {
  const graph = graphOf(resample({ everyUs: 1000 }));
  const late = GAP_ROWS_MAX / 1000 + 10;
  const rows = given(
    graph,
    record([0, { x: 1 }]),
    record([late, { x: 2 }], [late + 0.002, { x: 3 }]),
    record([3 * late, { x: 4 }]),
  );
  assert.deepEqual(
    rows.map(({ at, x }) => [at, x]),
    [
      [0, 1],
      [late, 2],
      [late + 0.001, 2.5],
      [late + 0.002, 3],
    ],
  );
  assert.deepEqual(graph.warnings, [
    'processor p, steps[0], resample: a pause of car/1/a would have made more than 1000000 rows; it is left out, as others like it',
  ]);
});

test('a pause shorter than that is filled in full, in time order, though it takes many batches', () => {
  const rows = graphOf(resample({ everyUs: 1000 })).run([record([0, { x: 0 }]), record([50, { x: 50_000 }])]);
  const times = rows.flatMap(({ batch }) => [...batch.timeUs.subarray(0, batch.rows)]);
  assert.deepEqual(
    times,
    Array.from({ length: 50_000 }, (_, i) => T0 + i * 1000),
  );
  assert.deepEqual(
    outputRows(rows).map(({ x }) => x),
    times.map((timeUs) => Math.fround((timeUs - T0) / 1000)),
  );
});

test('rows that come out of order count among samples while their time is open, else as late', () => {
  const graph = graphOf(resample());
  given(graph, record([0.2, {}]), record([1.8, {}]), record([1.3, {}]), record([1, {}]), record([0.4, {}]));
  assert.deepEqual(given(graph, record([2.5, {}])), [{ at: 2, samples: 2, interpolated: true }]);
  assert.deepEqual(graph.lateRows, { left: 0, right: 0, steps: 2 });
});

test('fill puts constants, the last value, and points on the line; a row waits for its point until the clock has passed it by 5 s', () => {
  const graph = graphOf(
    fill({
      x: { method: 'linear' },
      n: { value: 2.5 },
      note: { method: 'last' },
      on: { value: false },
      made: { value: 'm' },
      none: { method: 'last' },
    }),
  );
  const rest = { n: 2.5, on: false, made: 'm' };
  assert.deepEqual(given(graph, record([0, {}], [1, { x: 1, note: 'a' }], [2, {}], [3, { note: 'b' }])), [
    { at: 0, ...rest },
    { at: 1, x: 1, note: 'a', ...rest },
  ]);
  assert.deepEqual(given(graph, record([5, { x: 9, big: 3 }], [6, {}])), [
    { at: 2, x: 3, note: 'a', ...rest },
    { at: 3, x: 5, note: 'b', ...rest },
    { at: 5, x: 9, note: 'b', big: 3, ...rest },
  ]);
  const ticks = [1, 2, 3, 4, 5].map((second) => tickRecord(T0 + second * S));
  assert.deepEqual(given(graph, ...ticks.slice(0, 4)), []);
  assert.deepEqual(given(graph, ticks[4]!), [{ at: 6, note: 'b', ...rest }]);
});

test('a sort gives rows in time order, drops earlier ones of a stamp where it is told to, and marks what is too late', () => {
  const rows = (equal: SortStep['equal']) => {
    const graph = graphOf(sort(2 * S, equal), { verb: 'select', keep: ['x', 'backfill'] });
    return given(
      graph,
      record([3, { x: 1 }], [4, { x: 2 }]),
      record([3, { x: 3 }]),
      record([6.5, { x: 4 }]),
      record([3.5, { x: 5 }]),
      record([4.5, { x: 6 }]),
    );
  };
  const end = [
    { at: 4, x: 2, backfill: false },
    { at: 3.5, x: 5, backfill: true },
    { at: 4.5, x: 6, backfill: false },
  ];
  assert.deepEqual(rows('all'), [{ at: 3, x: 1, backfill: false }, { at: 3, x: 3, backfill: false }, ...end]);
  assert.deepEqual(rows('last'), [{ at: 3, x: 3, backfill: false }, ...end]);
});

test('a row of the stamp that the clock made leave follows it at once, and takes the place of none', () => {
  const graph = graphOf(sort(2 * S, 'last'), { verb: 'select', keep: ['x', 'backfill'] });
  const ticks = Array.from({ length: 8 }, (_, second) => tickRecord(T0 + second * S));
  assert.deepEqual(given(graph, record([3, { x: 1 }]), ...ticks), [{ at: 3, x: 1, backfill: false }]);
  assert.deepEqual(given(graph, record([3, { x: 2 }], [3, { x: 3 }])), [
    { at: 3, x: 2, backfill: false },
    { at: 3, x: 3, backfill: false },
  ]);
});

test('more rows than may wait stop the partition with what to do about it', () => {
  const count = HELD_ROWS_MAX / 8 + 1;
  const schema = schemaOf(['x', 'f32']);
  const stop = (step: Step, first: Row): unknown => {
    const graph = graphOf(step);
    const rows = Array.from({ length: count }, (): Row => ({ timeUs: T0 }));
    try {
      for (let i = 0; i < 8; i++)
        graph.run([dataRecord('car/1/a', schema, i === 0 ? [first, ...rows.slice(1)] : rows, T0)]);
    } catch (error) {
      return error instanceof PitwallError && error.message;
    }
    return null;
  };
  assert.match(String(stop(sort(), { timeUs: T0 })), /1048584 rows of one stream wait, .* the lateness is too long/);
  assert.match(
    String(stop(fill({ x: { method: 'linear' } }), { timeUs: T0, x: 1 })),
    /rows of car\/1\/a wait for a value of x, more than 1048576; use last/,
  );
});

test('what does not go with known columns is found before anything runs', () => {
  assert.deepEqual(
    faults(
      resample({ channels: { n: 'angle', note: 'step' } }),
      sort(),
      fill({ x: { method: 'linear' }, made: { value: 1 } }),
      { verb: 'filter', where: 'made > 0 and not backfill and samples > 1 and not interpolated' },
    ),
    [],
  );
  assert.deepEqual(faults(resample({ everyUs: 0.5, maxGapUs: 0, channels: { note: 'angle', nn: 'step' } })), [
    'steps[0].resample.every: a resample needs to know the step of its times, as in every: 50ms',
    'steps[0].resample.maxGap: no two rows are closer than that; leave maxGap out, or make it longer than a step',
    'steps[0].resample.channels.note: column note is utf8, which is no angle',
    'steps[0].resample.channels.nn: unknown column nn; did you mean n?',
  ]);
  assert.deepEqual(faults(resample(), resample()), [
    'steps[1].resample: the rows have a column samples, which resample makes itself; drop it before, as in select: { drop: [samples] }',
    'steps[1].resample: the rows have a column interpolated, which resample makes itself; drop it before, as in select: { drop: [interpolated] }',
  ]);
  assert.deepEqual(faults(sort(), sort(-1)), [
    'steps[1].sort.lateness: a sort needs to know how late a row may come, as in lateness: 2s',
    'steps[1].sort: the rows have a column backfill, which sort makes itself; drop it before, as in select: { drop: [backfill] }',
  ]);
  assert.deepEqual(
    faults(
      fill({
        on: { method: 'linear' },
        n: { value: 0.75 },
        big: { value: 'x' },
        y: { method: 'last' },
        timeUs: { value: 1 },
      }),
    ),
    [
      'steps[0].fill.on: column on is bool, and only numbers stand on a line; use last',
      'steps[0].fill.n: 0.75 does not fit column n, which is i16 in steps of 0.5 from 1',
      "steps[0].fill.big: 'x' does not fit column big, which is i64",
      'steps[0].fill.y: unknown column y; did you mean x?',
      'steps[0].fill.timeUs: timeUs is the time of the row and cannot be replaced',
    ],
  );
});

test('what does not go with columns that are learned stops the partition when it comes, and names the place', () => {
  const row = record([0, { x: 1, note: 'a' }]);
  const message = (...steps: Step[]) => {
    try {
      graphOf(...steps).run([row]);
    } catch (error) {
      return (error as Error).message;
    }
    return null;
  };
  assert.match(
    message(resample({ channels: { note: 'angle' } }))!,
    /steps\[0\]: resample: column note of car\/1\/a is utf8, which is no angle/,
  );
  assert.match(message(sort(0), sort())!, /steps\[1\]: sort: the rows of .* have a column backfill/);
  assert.match(
    message(fill({ on: { value: 3 } }))!,
    /steps\[0\]: fill.on, for the rows of car\/1\/a: 3 does not fit column on, which is bool/,
  );
  assert.match(message(fill({ note: { method: 'linear' } }))!, /column note is utf8, and only numbers/);
  const graph = graphOf(resample({ channels: { rpm: 'step' } }), fill({ oil: { method: 'last' } }));
  given(graph, row, record([3, {}]), record([4, {}]));
  assert.deepEqual(graph.warnings, [
    'processor p, steps[0], resample: the rows of car/1/a do not have column rpm so far',
    'processor p, steps[1], fill.oil: the rows of car/1/a do not have column oil so far; it is left alone',
  ]);
});
