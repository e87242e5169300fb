import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan } from '../../processors/plan.js';
import { oracleJoin } from './join-oracle.js';
import { assertSameInAnyGrouping, event, plain, recordsOf } from './random-records.js';
import { outputRows, runGrouped } from './telemetry.js';

const MS = 1000;
const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 600);
const joinStep: fc.Arbitrary<JoinStep> = fc.record({
  verb: fc.constant('join' as const),
  with: fc.constant({ pattern: 'car/{car}/position/gps' }),
  how: fc.constantFrom('backward', 'nearest', 'linear'),
  toleranceUs: fc.constantFrom(null, 0, 200 * MS, 2000 * MS),
  waitUs: fc.constantFrom(0, 100 * MS, 700 * MS, 5000 * MS),
  keep: fc.constantFrom('inner', 'left'),
  prefix: fc.constant('r_'),
});

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
        const records = recordsOf(events);
        const isLeft = (stream: string) => stream.endsWith('/imu') || (twoLeft && stream.endsWith('/aux'));
        const isRight = (stream: string) => stream.endsWith('/gps') || (twoRight && stream.endsWith('/gnss'));
        const expected = oracleJoin(records, step, isLeft, isRight);
        const outputs = runGrouped(new PartitionGraph([plan]), records, sizes);
        const got = new Map<string, string[]>();
        for (const row of outputRows(outputs)) got.set(`${row.src}`, [...(got.get(`${row.src}`) ?? []), plain(row)]);
        const wanted = new Map([...expected].map(([stream, rows]) => [stream, rows.map(plain)]));
        assert.deepEqual(new Map([...got].sort()), new Map([...wanted].sort()));
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

/** Graphs whose joins feed one another in every way there is. */
function chains(step: JoinStep): ProcessorPlan[][] {
  const first = joinPlan(step, 'car/{car}/imu', 'first');
  const again = { ...step, waitUs: step.waitUs / 2 + 50 * MS, prefix: 'q_' };
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

test('chains of joins give the same rows and tags record by record, in any grouping, and across restores at any point', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      joinStep,
      fc.nat({ max: 5 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      (events, step, chain, sizes, restores) => {
        const plans = chains(step)[chain]!;
        const records = recordsOf(events);
        assertSameInAnyGrouping(plans, records, sizes, restores);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
