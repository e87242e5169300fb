import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../../core/errors.js';
import { checkPlans } from '../../../processors/check-plan.js';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../../processors/partition-graph.js';
import type { ProcessorPlan, Step, WindowStep } from '../../../processors/plan.js';
import { verbOf } from '../../../processors/verbs/verbs.js';
import { HELD_ROWS_MAX } from '../../../processors/windows/held-rows.js';
import { ROLLING_ROWS_MAX } from '../../../processors/windows/rolling-rows.js';
import { dataRecord, outputRows, type Row, rowsOf, schemaOf, tickRecord } from '../telemetry.js';

const S = 1_000_000;
const IMU = schemaOf(['ax', 'f64'], ['note', 'utf8']);

function imu(...times: number[]): InputRecord {
  const rows = times.map((seconds): Row => ({ timeUs: seconds * S, ax: seconds * 10, note: `at ${seconds}` }));
  return dataRecord('car/44/imu', IMU, rows, 0);
}

/** The other stream of the same car, of which a tick can be told. */
function aux(...times: number[]): InputRecord {
  return { ...imu(...times), stream: 'car/44/aux' };
}

function planOf(...steps: Step[]): ProcessorPlan {
  return { name: 'w', from: [{ pattern: 'car/{car}/imu' }, { pattern: 'car/{car}/aux' }], steps };
}

function windows(step: Partial<WindowStep> = {}): WindowStep {
  const aggregate = { n: 'count()', top: 'max(ax)' };
  return { verb: 'window', kind: { tumblingUs: S }, graceUs: 0, idleUs: 5 * S, emit: 'close', aggregate, ...step };
}

/** Start and end in seconds, and the count of rows, of each window. */
function shown(outputs: readonly ProcessorOutput[]): (number | null)[][] {
  return outputRows(outputs).map(({ timeUs, windowEndUs, n }) => [timeUs / S, Number(windowEndUs) / S, n as number]);
}

test('a window is given with the row that moves the watermark to its end, and a row that comes then is late', () => {
  const graph = new PartitionGraph([planOf(windows({ graceUs: 0.5 * S }))]);
  assert.deepEqual(shown(graph.run([imu(10.1, 10.9), imu(11.4)])), []);
  assert.deepEqual(shown(graph.run([imu(10.2), imu(11.5)])), [[10, 11, 3]]);
  assert.deepEqual(shown(graph.run([imu(10.95)])), []);
  assert.deepEqual(graph.lateRows.steps, 1);
  // Both close at once, in the order of their start; an empty one in between is no window.
  assert.deepEqual(shown(graph.run([imu(13.2, 20)])), [
    [11, 12, 2],
    [13, 14, 1],
  ]);
  assert.equal(graph.run([imu(21.5)])[0]!.stream, 'w/car/44');
});

test('a stream that stops still shows its last window, once, and again when rows came to it and it is closed', () => {
  const graph = new PartitionGraph([planOf(windows())]);
  graph.run([imu(10.1)]);
  const ticks = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => tickRecord((from + i + 1) * S));
  // The clock of the car is at 10.1 plus the receive time that has passed: 16.1 after six seconds.
  assert.deepEqual(shown(graph.run(ticks(0, 5))), []);
  assert.deepEqual(shown(graph.run(ticks(5, 6))), [[10, 11, 1]]);
  assert.deepEqual(shown(graph.run(ticks(6, 30))), []);
  assert.deepEqual(shown(graph.run([{ ...imu(10.5), receivedUs: 31 * S }])), []);
  assert.deepEqual(shown(graph.run([{ ...imu(12), receivedUs: 32 * S }])), [[10, 11, 2]]);
  assert.equal(graph.lateRows.steps, 0);
  // Nothing came since it was given: it is not given again.
  assert.deepEqual(shown(graph.run(ticks(32, 50))), [[12, 13, 1]]);
  assert.deepEqual(shown(graph.run([{ ...imu(20), receivedUs: 51 * S }])), []);
});

test('a stream that runs ahead makes no row of another late, and shows windows that lag at most once each idle', () => {
  const graph = new PartitionGraph([planOf(windows())]);
  const lagging = [aux(100), imu(1.1), imu(1.2), imu(1.3), imu(2.1), imu(3.1)];
  const rows = lagging.map((record) => shown(graph.run([record])));
  assert.deepEqual(rows, [[], [[1, 2, 1]], [], [], [[1, 2, 3]], [[2, 3, 1]]]);
  assert.deepEqual(shown(graph.run([aux(104.9)])), [[100, 101, 1]]);
  // Of the two streams, each in its order.
  assert.deepEqual(shown(graph.run([aux(105.1)])), [
    [104, 105, 1],
    [3, 4, 1],
  ]);
  assert.equal(graph.lateRows.steps, 0);
});

test('with updates each row gives the windows it changed, and nothing is given at their end or in silence', () => {
  const hopping = windows({ kind: { hopping: { sizeUs: 2 * S, stepUs: S } }, emit: 'update' });
  const graph = new PartitionGraph([planOf(hopping)]);
  assert.deepEqual(shown(graph.run([imu(10.5, 11.5)])), [
    [9, 11, 1],
    [10, 12, 1],
    [10, 12, 2],
    [11, 13, 1],
  ]);
  const ticks = Array.from({ length: 20 }, (_, i) => tickRecord(i * S));
  assert.deepEqual(shown(graph.run([...ticks, aux(30)])).length, 2);
  // The window up to 11 is closed, the one up to 12 is open.
  assert.deepEqual(shown(graph.run([imu(10.7)])), [[10, 12, 3]]);
  assert.deepEqual(shown(graph.run([imu(14), imu(10.8)])).length, 2);
  assert.equal(graph.lateRows.steps, 1);
});

test('sessions are extended and merged by rows that come out of order', () => {
  const graph = new PartitionGraph([planOf(windows({ kind: { sessionUs: S }, graceUs: 5 * S }))]);
  graph.run([imu(10, 10.5), imu(12), imu(9.2), imu(14)]);
  graph.run([imu(11.3)]);
  assert.deepEqual(shown(graph.run([imu(30)])), [
    [9.2, 12, 5],
    [14, 14, 1],
  ]);
});

test('rows at the start of a window are earlier than the rows that cause them, and fall due behind as such', () => {
  const ticks = [0.7, 1.4].map((seconds) => tickRecord(seconds * S));
  const two = (record: (...times: number[]) => InputRecord, seconds: number) => record(seconds, seconds + 0.05);
  // Both streams are known, and nothing is open behind; the last row opens a window there, due five seconds after it.
  const before = [two(imu, 9), two(aux, 9), two(aux, 13.6)];
  const kinds: [WindowStep['kind'], InputRecord[], number[]][] = [
    [{ tumblingUs: S }, [...before, imu(10.7)], [10, 10, 1]],
    [{ slidingUs: 0.5 * S }, [...before, imu(10.5)], [10, 10, 1]],
    [{ sessionUs: S }, [...before, two(imu, 10), imu(10.1)], [9, 9, 1]],
  ];
  for (const [kind, records, last] of kinds) {
    const plan = planOf(windows({ kind, emit: 'update' }), windows({ kind: { rows: 2 }, aggregate: { n: 'count()' } }));
    const oneByOne = new PartitionGraph([plan]);
    const rows = shown([...records, ...ticks].flatMap((record) => oneByOne.run([record])));
    assert.deepEqual(rows.at(-1), last);
    const grouped = shown(new PartitionGraph([plan]).run([...records, ...ticks]));
    assert.deepEqual(grouped.sort(), rows.sort());
  }
});

test('a cut begins with the first value that differs; null belongs to the window that is open', () => {
  const lap = schemaOf(['lap', 'i64'], ['note', 'utf8'], ['wet', 'bool']);
  const values: [number | null, string | null, boolean | null][] = [
    [null, null, null],
    [1, 'a', true],
    [null, null, null],
    [1, 'a', true],
    [2, 'b', false],
    [2, 'b', false],
    [1, 'a', true],
  ];
  const rows = values.map(([n, note, wet], i): Row => ({ timeUs: i * S, lap: n, note, wet }));
  for (const cut of ['lap', 'note', 'wet', 'if(lap = 1, 1, if(lap = 2, 0 / 0, null))']) {
    const graph = new PartitionGraph([planOf(windows({ kind: { cut }, aggregate: { n: 'count()' } }))]);
    const got = shown(graph.run([dataRecord('car/1/imu', lap, rows, 0)]));
    // NaN is no value either: with it there is one window.
    const expected = cut.startsWith('if') ? [] : [[0, 4, 4]].concat([[4, 6, 2]]);
    assert.deepEqual(got, expected, cut);
  }
});

test('a checkpoint holds what has changed, however many windows are open', () => {
  for (const [top, piece] of [
    ['max(ax)', 'pane-250000000'],
    ['integral(ax)', 'held-1'],
  ] as const) {
    const graph = new PartitionGraph([planOf(windows({ graceUs: 1000 * S, aggregate: { top } }))]);
    for (let i = 0; i < 500; i++) graph.run([imu(i + 0.5)]);
    const pieces = [...graph.snapshot()].length;
    assert.ok(pieces >= 500, `${pieces} pieces`);
    graph.run([imu(250.7)]);
    const changed = [...graph.snapshot()].map(([key]) => key.replace(/^car\/44\n(state\/w\/0\/0\/)?/, ''));
    assert.deepEqual(changed.sort(), ['entity', piece, 'lane', 'partition'].sort());
    graph.run([imu(1250.2)]);
    const removed = [...graph.snapshot()].filter(([, value]) => value === null);
    assert.equal(removed.length, 250, 'the panes of the windows that closed');
  }
});

test('a rolling column replaces one of its name or follows the others, and no row waits', () => {
  const rolling: Step = {
    verb: 'rolling',
    overUs: 2 * S,
    columns: { note: 'max(note)', n: 'count()', gone: 'mean(oil)' },
  };
  const graph = new PartitionGraph([planOf(rolling)]);
  const outputs = graph.run([imu(1, 2, 3)]);
  assert.deepEqual(outputRows(outputs), [
    { timeUs: 1 * S, ax: 10, note: 'at 1', n: 1 },
    { timeUs: 2 * S, ax: 20, note: 'at 2', n: 2 },
    { timeUs: 3 * S, ax: 30, note: 'at 3', n: 2 },
  ]);
  assert.match(graph.warnings[0]!, /column oil/);
  // Out of order: it sees the rows of its own window that are still kept.
  assert.deepEqual(outputRows(graph.run([imu(2.5)])), [{ timeUs: 2.5 * S, ax: 25, note: 'at 2.5', n: 2 }]);
});

test('more rows than a lane may hold stop the step with an error that says what to change', () => {
  const state = (step: Step) => {
    const compiled = verbOf(step).compile(step, { processor: 'w', step: 0, functions: null, warn: () => {} });
    return 'stateful' in compiled ? compiled.stateful.create({ key: 'car/1', tags: {} }) : assert.fail();
  };
  const schema = schemaOf(['ax', 'f64']);
  const many = (from: number, rows: number) => ({
    stream: 'car/1/imu',
    schema,
    rows,
    timeUs: Float64Array.from({ length: rows }, (_, i) => from + i),
    columns: [{ values: new Float64Array(rows), nulls: null, dictionary: null }],
  });
  const fails = (step: Step, rows: number, message: RegExp) => {
    const lane = state(step);
    lane.add(
      many(0, rows),
      () => {},
      () => assert.fail(),
    );
    assert.throws(
      () =>
        lane.add(
          many(rows, 1),
          () => {},
          () => assert.fail(),
        ),
      (error) => error instanceof PitwallError && message.test(error.message),
    );
  };
  const held = windows({ kind: { tumblingUs: 3600 * S }, graceUs: 3600 * S, aggregate: { area: 'integral(ax)' } });
  fails(held, HELD_ROWS_MAX, /processor w, steps\[0\]: window: 1048577 rows of car\/1\/imu wait.* grace is too long/);
  const rolling: Step = { verb: 'rolling', overUs: 3600 * S, columns: { n: 'count()' } };
  fails(rolling, ROLLING_ROWS_MAX, /rolling\.over: 1048577 rows of car\/1\/imu are within one window/);
});

test('what a window gives is known to the steps behind it; what is wrong is said at its place', () => {
  const known = () => schemaOf(['ax', 'f64'], ['note', 'utf8']);
  const plan = (...steps: Step[]): ProcessorPlan => ({ name: 'p', from: [{ pattern: 'car/{car}/imu' }], steps });
  const good = plan(
    { verb: 'rolling', overUs: S, columns: { smooth: 'mean(ax)', note: 'last(note)' } },
    windows({ aggregate: { top: 'max(smooth)', note: 'first(note)', spread: 'max(ax) - min(ax)' } }),
    { verb: 'filter', where: "top > 1 and note != '' and windowEndUs - timeUs > 5" },
  );
  assert.deepEqual(checkPlans([good], known), []);
  const bad = plan(
    windows({ kind: { cut: 'lap' }, aggregate: { a: 'max(az)', b: 'mean(note)', windowEndUs: 'count()' } }),
    windows({ kind: { hopping: { sizeUs: S, stepUs: 2 * S } }, idleUs: 0 }),
    windows({ kind: { slidingUs: S }, graceUs: S, emit: 'update' }),
  );
  assert.deepEqual(
    checkPlans([bad], known).map(({ path, at, suggestion }) => [path, at, suggestion]),
    [
      ['steps[0].window.cut', 0, null],
      ['steps[0].window.aggregate.a', 4, 'ax'],
      ['steps[0].window.aggregate.b', 5, null],
      ['steps[0].window.aggregate.windowEndUs', null, null],
      ['steps[1].window.hopping.step', null, null],
      ['steps[1].window.idle', null, null],
      ['steps[2].window.grace', null, null],
    ],
  );
  const after = plan(windows(), { verb: 'filter', where: 'ax > 1' });
  assert.deepEqual(
    checkPlans([after], known).map(({ path }) => path),
    ['steps[1].filter'],
  );
});

test('rows come out with the schema of the plan: the end as a whole number, then the aggregates in their order', () => {
  const graph = new PartitionGraph([planOf(windows({ aggregate: { note: 'last(note)', n: 'count()' } }))]);
  const [output] = graph.run([imu(1, 2)]);
  assert.deepEqual(
    output!.batch.schema.fields.map(({ name, type }) => [name, type]),
    [
      ['windowEndUs', 'i64'],
      ['note', 'utf8'],
      ['n', 'f64'],
    ],
  );
  assert.deepEqual(rowsOf(output!.batch), [{ timeUs: 1 * S, windowEndUs: 2 * S, note: 'at 1', n: 1 }]);
});
