import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Batch } from '../../../columnar/batch.js';
import { Schema } from '../../../columnar/schema.js';
import { type Accumulator, AggregateSet, type Results } from '../../../processors/aggregates/aggregate-set.js';
import { batchOf, type Cell, type Row, rowsOf, schemaOf } from '../telemetry.js';
import { ORACLES } from './aggregate-oracle.js';

export const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);

export const SCHEMA = schemaOf(
  ['x', 'f64'],
  ['k', 'i16', 0.25, -3],
  ['b', 'bool'],
  ['s', 'utf8'],
  ['lat', 'f64'],
  ['lon', 'f64'],
);

/** The columns of a step that has every aggregate of the oracle. */
export const ALL = Object.fromEntries(Object.entries(ORACLES).map(([name, { text }]) => [name, text]));

export const CONTEXT = { processor: 'p', step: 2, functions: null, warn: () => {} };

export function setOf(columns: Record<string, string>): AggregateSet {
  return new AggregateSet(columns, 'window.aggregate', CONTEXT);
}

/** `k` is given raw, as rows of a batch have it. */
export function batch(rows: readonly Row[], schema: Schema = SCHEMA): Batch {
  return batchOf('car/1/imu', schema, rows);
}

/** The rows as the oracle sees them: numbers with scale and offset applied. */
export function physical(rows: readonly Row[]): Row[] {
  return rows.map((row) => (typeof row.k === 'number' ? { ...row, k: row.k * 0.25 - 3 } : row));
}

export function rowsOfResults({ fields, columns }: Results, rows: number): Record<string, Cell>[] {
  const timeUs = new Float64Array(rows);
  return rowsOf({ stream: '', schema: new Schema(fields), rows, timeUs, columns }).map(({ timeUs: _, ...row }) => row);
}

export function resultOf(set: AggregateSet, accumulator: Accumulator): Record<string, Cell> {
  return rowsOfResults(set.results([accumulator]), 1)[0]!;
}

const number = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -5, max: 5 }) },
  { weight: 5, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1e100, -1e100, 3e-120, 1e15 + 1, 1e15 + 2, -0) },
);
const cell = fc.oneof({ weight: 8, arbitrary: number }, { weight: 1, arbitrary: fc.constantFrom(null, NaN) });
const wild = fc.oneof({ weight: 12, arbitrary: cell }, { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity) });

/** Rows that ascend in time; equal stamps are common. */
export const ascending: fc.Arbitrary<Row[]> = fc
  .tuple(fc.boolean(), fc.array(fc.nat(), { maxLength: 40 }))
  .chain(([finite, steps]) =>
    rowsAt(
      steps.map((step) => (step % 3 === 0 ? 0 : (step % 7) * 250_000)),
      finite,
    ),
  );

/** Rows in runs that ascend, the next of which may begin before where the last one ended. */
export const disordered: fc.Arbitrary<Row[]> = fc
  .tuple(fc.boolean(), fc.array(fc.nat(), { maxLength: 60 }))
  .chain(([finite, steps]) =>
    rowsAt(
      steps.map((step) => (step % 11 === 0 ? -(step % 5) * 700_000 : (step % 4) * 250_000)),
      finite,
    ),
  );

function rowsAt(steps: readonly number[], finite: boolean): fc.Arbitrary<Row[]> {
  const row = fc.record({
    x: finite ? cell : wild,
    k: fc.option(fc.integer({ min: -100, max: 100 }), { freq: 5 }),
    b: fc.option(fc.boolean(), { freq: 4 }),
    s: fc.option(fc.constantFrom('soft', 'hard', 'a', 'Ä', ''), { freq: 4 }),
    lat: fc.option(fc.double({ min: -45, max: 45, noNaN: true }), { freq: 6 }),
    lon: fc.option(fc.double({ min: -80, max: 80, noNaN: true }), { freq: 6 }),
  });
  return fc.array(row, { minLength: steps.length, maxLength: steps.length }).map((rows) => {
    let timeUs = 1_700_000_000_000_000;
    return rows.map((cells, i): Row => ({ timeUs: (timeUs += steps[i]!), ...cells }) as Row);
  });
}

/** Compares the result of a step of all aggregates with the oracle's; `rows` in the order of time. */
export function assertAsDefined(actual: Record<string, Cell>, rows: readonly Row[], where = ''): void {
  const seen = physical(rows);
  for (const [name, { text, expected, scale }] of Object.entries(ORACLES)) {
    assertClose(actual[name] ?? null, expected(seen), scale?.(seen) ?? 0, `${text} ${where}`);
  }
}

/** Within 1e-9 of the result, or within what rounding may take from numbers of this scale. */
export function assertClose(actual: Cell, expected: Cell, scale: number, what: string): void {
  if (typeof actual !== 'number' || typeof expected !== 'number' || !Number.isFinite(expected)) {
    assert.deepEqual(actual, expected, what);
    return;
  }
  const off = Math.abs(actual - expected);
  assert.ok(
    off <= 1e-9 * Math.abs(expected) + 1e-13 * scale + Number.MIN_VALUE * 1000,
    `${what}: ${actual}, not ${expected}`,
  );
}
