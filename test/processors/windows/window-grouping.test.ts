import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { ProcessorPlan, WindowKind, WindowStep } from '../../../processors/plan.js';
import { assertSameInAnyGrouping, event, plain, recordsOf } from '../random-records.js';
import { outputRows, type Row, runGrouped } from '../telemetry.js';
import { oracleWindows } from './window-oracle.js';

const MS = 1000;
const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 200);

const kind: fc.Arbitrary<WindowKind> = fc.oneof(
  fc.constantFrom(
    { tumblingUs: 300 * MS },
    { tumblingUs: 1000 * MS },
    { hopping: { sizeUs: 1000 * MS, stepUs: 250 * MS } },
    { hopping: { sizeUs: 700 * MS, stepUs: 300 * MS } },
    { hopping: { sizeUs: 1000 * MS, stepUs: 999 * MS } },
  ),
  fc.constantFrom({ slidingUs: 500 * MS }, { slidingUs: 1 }),
  fc.constantFrom({ sessionUs: 200 * MS }, { sessionUs: 350 * MS }),
  fc.constantFrom<WindowKind>({ rows: 1 }, { rows: 3 }, { rows: 7 }, { cut: 'cut' }),
);

const step: fc.Arbitrary<WindowStep> = kind.chain((chosen) =>
  fc
    .record({
      verb: fc.constant('window' as const),
      kind: fc.constant(chosen),
      graceUs: 'rows' in chosen || 'cut' in chosen ? fc.constant(0) : fc.constantFrom(0, 0, 150 * MS, 800 * MS),
      idleUs: fc.constantFrom(1, 100 * MS, 700 * MS, 5000 * MS),
      emit: fc.constantFrom('close', 'close', 'close', 'update'),
      aggregate: fc.constant({ src: 'min(src)', n: 'count()', sum: 'sum(x)', lo: 'min(x)', more: 'count(more)' }),
    })
    .map((window) => ('slidingUs' in chosen && window.emit === 'update' ? { ...window, graceUs: 0 } : window)),
);

/** What the step above computes, of plain rows. */
function aggregate(rows: readonly Row[]): Record<string, unknown> {
  const x = rows.map((row) => row.x as number);
  return {
    src: rows[0]!.src,
    n: rows.length,
    sum: x.reduce((sum, value) => sum + value, 0),
    lo: Math.min(...x),
    more: rows.filter((row) => (row.more ?? null) !== null).length,
  };
}

/** Two streams of one entity, each with windows of its own; the one that is ahead moves the clock of both. */
function planOf(window: WindowStep): ProcessorPlan {
  return {
    name: 'w',
    from: [{ pattern: 'car/{car}/imu' }, { pattern: 'car/{car}/aux' }],
    steps: [{ verb: 'columns', columns: { cut: 'if(x % 7 < 2, null, floor(x / 5) % 2)' } }, window],
  };
}

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });

test('windows give the rows of an oracle written from the definitions, however the records are grouped', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      step,
      sizes,
      (events, window, groups) => {
        const records = recordsOf(events);
        const isRead = (stream: string) => stream.endsWith('/imu') || stream.endsWith('/aux');
        const cut = (row: Row) => {
          const x = row.x as number;
          return { ...row, cut: x % 7 < 2 ? null : Math.floor(x / 5) % 2 };
        };
        const expected = oracleWindows(records, window, isRead, aggregate, cut);
        const graph = new PartitionGraph([planOf(window)]);
        const got = new Map<string, string[]>();
        for (const row of outputRows(runGrouped(graph, records, groups))) {
          got.set(`${row.src}`, [...(got.get(`${row.src}`) ?? []), plain(row)]);
        }
        const wanted = new Map(
          [...expected.rows].map(([stream, rows]) => [stream, rows.map((row) => plain(row as Row))]),
        );
        assert.deepEqual(new Map([...got].sort()), new Map([...wanted].sort()));
        assert.equal(graph.lateRows.steps, expected.lateRows);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('windows and rolling steps in any order and chain give the same rows in any grouping, and across restores', () => {
  const ordered = { src: 'last(src)', n: 'count()', area: 'integral(x)', mid: 'median(x)', at: 'rate(x)' };
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      step,
      step,
      fc.nat({ max: 4 }),
      sizes,
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      (events, first, second, chain, groups, restores) => {
        const inOrder = { ...first, aggregate: ordered };
        const again = { ...second, kind: 'cut' in second.kind ? { cut: 'n % 2' } : second.kind };
        const behind = { ...again, aggregate: { n: 'sum(n)', area: 'max(area)', ends: 'max(windowEndUs)' } };
        const rolling = { verb: 'rolling' as const, overUs: 700 * MS, columns: { x: 'mean(x)', r: 'integral(x)' } };
        const plan = planOf(inOrder);
        const chains: ProcessorPlan[][] = [
          [plan],
          [{ ...plan, steps: [...plan.steps, behind] }],
          [plan, { name: 'v', from: [{ processor: 'w' }], steps: [behind] }],
          [{ ...plan, steps: [rolling, ...plan.steps] }],
          [
            plan,
            {
              name: 'j',
              from: [{ pattern: 'car/{car}/position/gps' }],
              steps: [
                {
                  verb: 'join',
                  with: { processor: 'w' },
                  how: 'backward',
                  toleranceUs: 2000 * MS,
                  waitUs: 700 * MS,
                  keep: 'left',
                  prefix: 'w_',
                },
              ],
            },
          ],
        ];
        assertSameInAnyGrouping(chains[chain]!, recordsOf(events), groups, restores);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
