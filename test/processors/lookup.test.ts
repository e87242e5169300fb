import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkPlans } from '../../processors/check-plan.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { LookupStep, LookupTable, ProcessorPlan } from '../../processors/plan.js';
import { dataRecord, outputRows, type Row, rowsOf, schemaOf } from './telemetry.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);
const TABLE: LookupTable = {
  rows: 3,
  columns: [
    { name: 'number', type: 'i64', cells: [44, 63, 7] },
    { name: 'name', type: 'utf8', cells: ['Ada', 'Bo', null] },
    { name: 'kg', type: 'f64', cells: [65.5, null, 70] },
    { name: 'rookie', type: 'bool', cells: [false, true, null] },
  ],
};

function planOf(step: Partial<LookupStep> = {}): ProcessorPlan {
  const lookup: LookupStep = {
    verb: 'lookup',
    on: { left: 'number', table: 'number' },
    keep: 'left',
    prefix: 'driver_',
    table: TABLE,
    ...step,
  };
  return { name: 'p', from: [{ pattern: 'car/{car}/imu' }], steps: [lookup] };
}

function run(plan: ProcessorPlan, schema: ReturnType<typeof schemaOf>, rows: Row[]) {
  const graph = new PartitionGraph([plan]);
  return { rows: outputRows(graph.run([dataRecord('car/1/imu', schema, rows, 0)])), warnings: graph.warnings };
}

test('the columns of the table stand beside the row with the same key, with nulls where there is none', () => {
  const rows = [44, null, 7, 5, 44].map((number, timeUs): Row => ({ timeUs, number, ax: timeUs / 2 }));
  assert.deepEqual(run(planOf(), schemaOf(['number', 'f64'], ['ax', 'f64']), rows).rows, [
    { timeUs: 0, number: 44, ax: 0, driver_name: 'Ada', driver_kg: 65.5, driver_rookie: false },
    { timeUs: 1, number: null, ax: 0.5, driver_name: null, driver_kg: null, driver_rookie: null },
    { timeUs: 2, number: 7, ax: 1, driver_name: null, driver_kg: 70, driver_rookie: null },
    { timeUs: 3, number: 5, ax: 1.5, driver_name: null, driver_kg: null, driver_rookie: null },
    { timeUs: 4, number: 44, ax: 2, driver_name: 'Ada', driver_kg: 65.5, driver_rookie: false },
  ]);
});

test('keys are equal as the numbers they stand for, whatever their type; a number and a text never are', () => {
  const keep = 'inner' as const;
  const times = (type: 'u8' | 'i64' | 'f32' | 'i16', scale: number, raw: number[]) =>
    run(
      planOf({ keep }),
      schemaOf(['number', type, scale]),
      raw.map((number, timeUs) => ({ timeUs, number })),
    ).rows.map(({ timeUs }) => timeUs);
  assert.deepEqual(times('u8', 1, [44, 45, 63]), [0, 2]);
  assert.deepEqual(times('i64', 1, [45, 44]), [1]);
  assert.deepEqual(times('f32', 1, [44.5, 7]), [1]);
  assert.deepEqual(times('i16', 0.5, [88, 44]), [0]);

  const text = run(planOf({ keep }), schemaOf(['number', 'utf8']), [{ timeUs: 0, number: '44' }]);
  assert.deepEqual(text.rows, []);
  assert.match(text.warnings[0]!, /lookup: column number of car\/1\/imu is utf8, the keys are numbers; no row matches/);
  const missing = run(planOf(), schemaOf(['ax', 'f64']), [{ timeUs: 0, ax: 1 }]);
  assert.equal(missing.rows[0]!.driver_name, null);
  assert.match(missing.warnings[0]!, /do not have column number so far/);
});

test('any table gives what a search through its rows gives, by text and by number, in batches of any size', () => {
  const cell = fc.option(fc.constantFrom('x', 'y', 'z', 'long text'), { nil: null });
  const table = fc
    .uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 })
    .chain((keys) =>
      fc.tuple(fc.constant(keys), fc.array(cell, { minLength: keys.length, maxLength: keys.length }), fc.boolean()),
    );
  const batches = fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 40 }), { nil: null }), { minLength: 1 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(
      table,
      batches,
      fc.constantFrom('inner' as const, 'left' as const),
      ([keys, cells, byText], all, keep) => {
        const key = (n: number | null) => (n === null ? null : byText ? `#${n}` : n);
        const plan = planOf({
          keep,
          table: {
            rows: keys.length,
            columns: [
              { name: 'note', type: 'utf8', cells },
              byText
                ? { name: 'number', type: 'utf8', cells: keys.map((n) => key(n) as string) }
                : { name: 'number', type: 'i64', cells: keys },
            ],
          },
        });
        const schema = schemaOf(['number', byText ? 'utf8' : 'i16']);
        const graph = new PartitionGraph([plan]);
        let timeUs = 0;
        for (const numbers of all) {
          const rows = numbers.map((n): Row => ({ timeUs: timeUs++, number: key(n) }));
          const expected = rows.flatMap((row, i) => {
            const at = keys.indexOf(numbers[i]!);
            return at < 0 && keep === 'inner' ? [] : [{ ...row, driver_note: at < 0 ? null : cells[at]! }];
          });
          const outputs = graph.run([dataRecord('car/1/imu', schema, rows, 0)]);
          assert.deepEqual(
            outputs.flatMap(({ batch }) => rowsOf(batch)),
            expected,
          );
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test('a table that changed is another plan, so that state made with the old one is not taken for it', () => {
  const join = { verb: 'join', with: { pattern: 'car/{car}/gps' }, how: 'backward', toleranceUs: null } as const;
  const plan = (kg: number): ProcessorPlan => {
    const columns = TABLE.columns.map((column) =>
      column.name === 'kg' ? { ...column, cells: [kg, null, 70] } : column,
    );
    const lookup = planOf({ table: { ...TABLE, columns } as LookupTable }).steps[0]!;
    return { ...planOf(), steps: [lookup, { ...join, waitUs: 5, keep: 'left', prefix: '' }] };
  };
  const graph = new PartitionGraph([plan(65)]);
  graph.run([dataRecord('car/1/imu', schemaOf(['number', 'f64']), [{ timeUs: 1, number: 44 }], 0)]);
  const store = [...graph.snapshot()] as [string, Uint8Array][];
  assert.deepEqual(new PartitionGraph([plan(65)], store).warnings, []);
  assert.match(new PartitionGraph([plan(66)], store).warnings[0]!, /the processors were changed/);
});

test('faults of a lookup are found before anything runs, where the columns are known', () => {
  const known = schemaOf(['number', 'i16'], ['label', 'utf8'], ['wet', 'bool'], ['driver_kg', 'f64']);
  const faults = (step: Partial<LookupStep>) =>
    checkPlans([planOf(step)], () => known).map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(faults({ prefix: 'd_' }), []);
  assert.deepEqual(faults({}), [
    'steps[0].lookup.prefix: column driver_kg exists already; give the lookup another prefix',
  ]);
  assert.deepEqual(faults({ on: { left: 'number', table: 'nummer' } }), [
    'steps[0].lookup.on: the table has no column nummer; did you mean number?',
  ]);
  assert.deepEqual(faults({ on: { left: 'numbr', table: 'number' } }), [
    'steps[0].lookup.on: unknown column numbr; did you mean number?',
  ]);
  assert.deepEqual(faults({ prefix: 'd_', on: { left: 'label', table: 'number' } }), [
    'steps[0].lookup.on: column label holds texts, the key of the table numbers: no row would match',
  ]);
  assert.deepEqual(faults({ prefix: 'd_', on: { left: 'wet', table: 'rookie' } }), [
    'steps[0].lookup.on: column rookie is true or false, which is no key',
  ]);
  const after: ProcessorPlan = {
    name: 'q',
    from: [{ processor: 'p' }],
    steps: [{ verb: 'select', keep: ['d_name', 'd_age'] }],
  };
  assert.deepEqual(
    checkPlans([planOf({ prefix: 'd_' }), after], () => known).map(({ path }) => path),
    ['steps[0].select[1]'],
  );
});
