import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CORRECTED_ROWS_MAX } from '../../processors/joining/join-state.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan } from '../../processors/plan.js';
import { dataRecord, outputRows, schemaOf } from './telemetry.js';

const S = 1_000_000;
const IMU = schemaOf(['ax', 'f64']);
const GPS = schemaOf(['speed', 'f64'], ['gear', 'i16']);

const imu = (...rows: [timeUs: number, ax: number][]) =>
  dataRecord(
    'car/44/imu',
    IMU,
    rows.map(([timeUs, ax]) => ({ timeUs, ax })),
    0,
  );
const gps = (...rows: [timeUs: number, speed: number | null, gear?: number | null][]) =>
  dataRecord(
    'car/44/gps',
    GPS,
    rows.map(([timeUs, speed, gear = null]) => ({ timeUs, speed, gear })),
    0,
  );

function corrected(step: Partial<JoinStep> = {}): ProcessorPlan {
  const join: JoinStep = {
    verb: 'join',
    with: { pattern: 'car/{car}/gps' },
    how: 'backward',
    toleranceUs: null,
    waitUs: 2 * S,
    keep: 'left',
    prefix: '',
    late: 'correct',
    ...step,
  };
  return { name: 'j', from: [{ pattern: 'car/{car}/imu' }], steps: [join] };
}

/** Time in seconds, and what the join put there. */
function shortRows(...args: Parameters<typeof outputRows>): unknown[][] {
  return outputRows(...args).map(({ timeUs, speed, gear }) => [timeUs / S, speed ?? null, gear ?? null]);
}

test('rows that left with another right row come again when their own arrives late, and only those', () => {
  const graph = new PartitionGraph([corrected()]);
  graph.run([gps([1 * S, 1], [4 * S, 4]), imu([1.5 * S, 0], [2.5 * S, 0], [3 * S, 0])]);
  assert.deepEqual(shortRows(graph.run([gps([2.2 * S, 2])])), [
    [2.5, 2, null],
    [3, 2, null],
  ]);
  assert.equal(graph.correctedRows, 2);
  assert.deepEqual(graph.lateRows, { left: 0, right: 1, steps: 0 });
  const counting = new PartitionGraph([corrected({ late: 'count' })]);
  counting.run([gps([1 * S, 1], [4 * S, 4]), imu([2.5 * S, 0])]);
  assert.deepEqual(counting.run([gps([2.2 * S, 2])]), []);
});

test('a row that expired without a match comes at last, though the right row is in order in its own stream', () => {
  const graph = new PartitionGraph([corrected({ keep: 'inner', how: 'forward' })]);
  assert.deepEqual(shortRows(graph.run([gps([0, 0]), imu([1 * S, 0]), imu([4 * S, 0])])), []);
  assert.deepEqual(shortRows(graph.run([gps([1.2 * S, 12])])), [[1, 12, null]]);
});

test('a row is no longer corrected once the clock of its entity has passed it by twice the wait', () => {
  for (const [clockS, rows] of [
    [5.4, 1],
    [5.5, 0],
  ] as const) {
    const graph = new PartitionGraph([corrected()]);
    graph.run([gps([1 * S, 1], [2 * S, 2]), imu([1.5 * S, 0]), imu([clockS * S, 0])]);
    const again = outputRows(graph.run([gps([1.2 * S, 7])])).filter(({ timeUs }) => timeUs === 1.5 * S);
    assert.equal(again.length, rows, `at ${clockS} s`);
  }
});

test('a late row that fills the gap of one column corrects the rows that hold it', () => {
  const graph = new PartitionGraph([corrected({ how: 'step' })]);
  graph.run([gps([1 * S, 1, 1], [2 * S, 2, null], [3 * S, 3, 3]), imu([2.5 * S, 0], [3 * S, 0])]);
  assert.deepEqual(shortRows(graph.run([gps([1.5 * S, null, 5])])), [[2.5, 2, 5]]);
});

test('of a join by a span of time only the pairs that were missing come', () => {
  const graph = new PartitionGraph([corrected({ how: 'interval', between: { fromUs: -S, toUs: 0 } })]);
  assert.deepEqual(shortRows(graph.run([gps([1 * S, 1], [4 * S, 4]), imu([1.8 * S, 0], [3 * S, 0])])), [
    [1.8, 1, null],
    [3, null, null],
  ]);
  assert.deepEqual(shortRows(graph.run([gps([1.5 * S, 15])])), [[1.8, 15, null]]);
  assert.deepEqual(shortRows(graph.run([gps([2.5 * S, 25])])), [[3, 25, null]]);
});

test('of very many rows the newest are kept for corrections', () => {
  const graph = new PartitionGraph([corrected({ waitUs: 3600 * S })]);
  const rows = Array.from({ length: CORRECTED_ROWS_MAX + 100 }, (_, i): [number, number] => [1000 + i, i]);
  graph.run([gps([0, 1], [S, 2]), imu(...rows)]);
  const again = outputRows(graph.run([gps([500, 7])]));
  assert.equal(again.length, CORRECTED_ROWS_MAX);
  assert.deepEqual([again[0]!.ax, again.at(-1)!.ax], [100, CORRECTED_ROWS_MAX + 99]);
});

test('a column is held however long its last cell is gone, when there is no tolerance, and also across a restore', () => {
  const plan = corrected({ how: 'step', late: 'count', waitUs: 0 });
  let graph = new PartitionGraph([plan]);
  graph.run([gps([0, 1, 5])]);
  const store = new Map<string, Uint8Array>();
  for (let s = 1; s < 50; s++) {
    const rows = outputRows(graph.run([gps([s * S, s, null]), imu([s * S + 1, 0])]));
    assert.deepEqual([rows[0]!.speed, rows[0]!.gear], [s, 5]);
    for (const [key, value] of graph.snapshot()) store.set(key, Uint8Array.from(value!));
    if (s % 10 === 0) graph = new PartitionGraph([plan], store);
  }
  const bounded = new PartitionGraph([corrected({ how: 'step', toleranceUs: 2 * S })]);
  bounded.run([gps([0, 1, 5], [1 * S, 2, null], [2.5 * S, 3, null], [9 * S, 4, null])]);
  assert.deepEqual(shortRows(bounded.run([imu([2 * S, 0], [3 * S, 0])])), [
    [2, 2, 5],
    [3, 3, null],
  ]);
});
