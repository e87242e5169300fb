import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withLateOutputs } from '../../processors/joining/late-output.js';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan, Step } from '../../processors/plan.js';
import { unpack } from '../../schemas/data-block.js';
import { oracleJoin } from './join-oracle.js';
import { joinStep } from './join-steps.js';
import { assertSameInAnyGrouping, event, plain, recordsOf } from './random-records.js';
import { dataRecord, outputRows, type Row, rowsOf, runGrouped, schemaOf } from './telemetry.js';

const MS = 1000;
const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);
function joinPlan(step: JoinStep, from = 'car/{car}/imu', name = 'j'): ProcessorPlan {
  return { name, from: [{ pattern: from }], steps: [step] };
}

test('a join gives the rows of an oracle written from the definitions, however the records are grouped', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      joinStep,
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      (events, step, sizes, twoLeft, twoRight) => {
        const plan = joinPlan(
          { ...step, with: { pattern: twoRight ? 'car/{car}/position/+' : 'car/{car}/position/gps' } },
          'car/{car}/imu',
        );
        if (twoLeft) plan.from.push({ pattern: 'car/{car}/aux' });
        const records = recordsOf(events).map(withHeading);
        const isLeft = (stream: string) => stream.endsWith('/imu') || (twoLeft && stream.endsWith('/aux'));
        const isRight = (stream: string) => stream.endsWith('/gps') || (twoRight && stream.endsWith('/gnss'));
        const expected = oracleJoin(records, step, isLeft, isRight);
        const graph = new PartitionGraph(plansOf([plan]));
        const outputs = runGrouped(graph, records, sizes);
        const got = new Map<string, Row[]>();
        for (const row of outputRows(outputs, 'j')) got.set(`${row.src}`, [...(got.get(`${row.src}`) ?? []), row]);
        assert.deepEqual([...got.keys()].sort(), [...expected.rows.keys()].sort());
        for (const [stream, rows] of got) assertRows(rows, expected.rows.get(stream)!, step);
        assert.equal(graph.correctedRows, expected.corrected);
        const late = [...expected.late.values()].flat();
        assert.equal(graph.lateRows.right, late.length);
        const gone = outputRows(outputs, 'j.late').map(plain).sort();
        assert.deepEqual(gone, step.late === 'stream' ? late.map(plain).sort() : []);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

/** The plans with their outputs of late rows. */
function plansOf(plans: readonly ProcessorPlan[]): ProcessorPlan[] {
  return withLateOutputs(plans.map((plan) => ({ plan }))).map(({ plan }) => plan);
}

/** The record with a column of angles that jump from row to row, and are missing now and then. */
function withHeading(record: InputRecord): InputRecord {
  if (record.packed === null || !record.stream.includes('/position/')) return record;
  const { stream, schema, packed, receivedUs, tags } = record;
  const rows = rowsOf(unpack([packed], stream, schema!)).map((row, i): Row => {
    const speed = Number(row.speed ?? i);
    return { ...row, gear: (Number(row.gear) - 1) / 0.5, heading: i % 3 === 2 ? null : ((speed * 61) % 900) - 400 };
  });
  const fields = schema!.fields.map((f): [string, typeof f.type, number, number] => [
    f.name,
    f.type,
    f.scale,
    f.offset,
  ]);
  return dataRecord(stream, schemaOf(...fields, ['heading', 'f32']), rows, receivedUs, { ...tags });
}

/** Equal rows; what is interpolated may differ in its last digits, as f32 has them, and an angle by a whole turn. */
function assertRows(got: readonly Row[], wanted: readonly Row[], step: JoinStep): void {
  const settled = (row: Row, other: Row | undefined): Row => {
    const cells = Object.entries(row).map(([name, cell]): [string, Row[string]] => {
      const how = step.channels?.[name.slice(step.prefix.length)] ?? step.how;
      const same = other?.[name];
      if (typeof cell !== 'number' || typeof same !== 'number' || (how !== 'linear' && how !== 'angle'))
        return [name, cell];
      const apart = Math.abs(cell - same);
      return [name, Math.min(apart, how === 'angle' ? Math.abs(apart - 360) : apart) < 1e-3 ? same : cell];
    });
    return { ...Object.fromEntries(cells), timeUs: row.timeUs };
  };
  assert.deepEqual(
    got.map((row, i) => plain(settled(row, wanted[i]))),
    wanted.map(plain),
  );
}

/** Graphs whose joins feed one another in every way there is. */
function chains(step: JoinStep): ProcessorPlan[][] {
  const first = joinPlan(step, 'car/{car}/imu', 'first');
  const again: JoinStep = { ...step, waitUs: step.waitUs / 2 + 50 * MS, prefix: 'q_' };
  if (step.time !== undefined) again.time = 'q_at';
  if (step.between) again.between = { fromUs: -100 * MS, toUs: 50 * MS };
  return [
    [{ ...first, steps: [step, { ...again, with: { pattern: 'car/{car}/position/gnss' } }] }],
    [
      first,
      {
        name: 'second',
        from: [{ processor: 'first' }],
        steps: [{ ...again, with: { pattern: 'car/{car}/position/gnss' } }],
      },
    ],
    [
      first,
      { name: 'second', from: [{ pattern: 'car/{car}/aux' }], steps: [{ ...again, with: { processor: 'first' } }] },
    ],
    [
      {
        ...first,
        from: [{ pattern: 'car/{car}/imu' }, { pattern: 'car/{car}/aux' }],
        steps: [step, { verb: 'columns', columns: { via: "'first'" } }],
      },
      {
        name: 'second',
        from: [{ pattern: 'car/{car}/imu' }, { processor: 'first' }],
        steps: [{ ...again, with: { processor: 'first' } }],
      },
    ],
    [
      {
        ...first,
        steps: [
          { ...step, with: { pattern: 'car/{car}/position/+' } },
          { ...again, with: { pattern: 'car/{car}/+' } },
        ],
      },
    ],
    [
      {
        name: 'even',
        from: [{ pattern: 'car/{car}/position/gps' }],
        steps: [{ verb: 'filter', where: 'speed % 2 < 1 and not wet' }],
      },
      {
        ...first,
        steps: [
          { verb: 'columns', columns: { y: 'x * 2' } },
          { ...step, with: { processor: 'even' } },
          { verb: 'filter', where: 'y % 6 != 0' },
          again,
        ],
      },
    ],
  ];
}

/** What may be made of the late rows of the first join. */
function behindLate(which: number): ProcessorPlan {
  const joining: JoinStep = {
    verb: 'join',
    with: { pattern: 'car/{car}/position/gnss' },
    how: 'backward',
    toleranceUs: null,
    waitUs: 300 * MS,
    keep: 'left',
    prefix: 'late_',
  };
  const asRight = { name: 'behind', from: [{ pattern: 'car/{car}/aux' }] };
  const steps: Step[][] = [
    [{ verb: 'filter', where: 'speed % 2 < 1' }],
    [
      {
        verb: 'window',
        kind: { tumblingUs: 500 * MS },
        graceUs: 200 * MS,
        idleUs: 1000 * MS,
        emit: 'close',
        aggregate: { n: 'count()' },
      },
    ],
    [joining],
  ];
  if (which === steps.length) return { ...asRight, steps: [{ ...joining, with: { processor: 'first.late' } }] };
  return { name: 'behind', from: [{ processor: 'first.late' }], steps: steps[which]! };
}

test('chains of joins give the same rows and tags record by record, in any grouping, and across restores at any point', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      joinStep,
      fc.nat({ max: 5 }),
      fc.nat({ max: 3 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      (events, step, chain, behind, sizes, restores) => {
        const plans = plansOf([...chains(step)[chain]!, ...(step.late === 'stream' ? [behindLate(behind)] : [])]);
        const records = recordsOf(events);
        assertSameInAnyGrouping(plans, records, sizes, restores);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
