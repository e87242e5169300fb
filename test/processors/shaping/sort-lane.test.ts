import { test } from 'node:test';
import fc from 'fast-check';
import type { SortStep } from '../../../processors/plan.js';
import { assertSameInAnyGrouping, recordsOf } from '../random-records.js';
import type { Row } from '../telemetry.js';
import { assertOracle, events, groupSizes, type OracleLane, restorePoints } from './lane-oracle.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 50);
const MS = 1000;

const sortStep: fc.Arbitrary<SortStep> = fc.record({
  verb: fc.constant('sort' as const),
  latenessUs: fc.constantFrom(0, 150 * MS, 800 * MS, 3000 * MS),
  equal: fc.constantFrom('all', 'last'),
});

class OracleSort implements OracleLane {
  readonly out: Row[] = [];
  private waiting: Row[] = [];
  private latestUs = -Infinity;
  private leftUs = -Infinity;

  constructor(private readonly step: SortStep) {}

  add(row: Row): void {
    this.latestUs = Math.max(this.latestUs, row.timeUs);
    if (row.timeUs < this.leftUs) this.out.push({ ...row, backfill: true });
    else if (row.timeUs === this.leftUs) this.out.push({ ...row, backfill: false });
    else {
      if (this.step.equal === 'last') this.waiting = this.waiting.filter(({ timeUs }) => timeUs !== row.timeUs);
      this.waiting.push(row);
    }
    this.leave(this.latestUs - this.step.latenessUs);
  }

  release(clockUs: number): void {
    this.leave(clockUs - this.step.latenessUs - 5000 * MS);
  }

  private leave(untilUs: number): void {
    const leaving = this.waiting.filter(({ timeUs }) => timeUs <= untilUs).sort((a, b) => a.timeUs - b.timeUs);
    this.waiting = this.waiting.filter(({ timeUs }) => timeUs > untilUs);
    for (const row of leaving) this.out.push({ ...row, backfill: false });
    this.leftUs = Math.max(this.leftUs, leaving.at(-1)?.timeUs ?? -Infinity);
  }
}

test('sorted rows, and those that came too late for it, are what an oracle of the definition gives', () => {
  fc.assert(
    fc.property(events, sortStep, groupSizes, (list, step, sizes) => {
      assertOracle(recordsOf(list), step, sizes, () => new OracleSort(step));
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('sorted rows are the same in any grouping and across restores, also before other steps with state', () => {
  fc.assert(
    fc.property(events, sortStep, fc.nat(3), groupSizes, restorePoints, (list, step, form, sizes, restores) => {
      const from = [{ pattern: 'car/{car}/position/+' }];
      const rename = [
        { verb: 'columns' as const, columns: { old: 'backfill' } },
        { verb: 'select' as const, drop: ['backfill'] },
      ];
      const join = {
        verb: 'join' as const,
        how: 'linear' as const,
        toleranceUs: null,
        waitUs: 700 * MS,
        keep: 'left' as const,
        prefix: 'r_',
      };
      const resample = {
        verb: 'resample' as const,
        everyUs: 100 * MS,
        how: 'linear' as const,
        maxGapUs: null,
        channels: {},
      };
      const plans = [
        [{ name: 's', from, steps: [step] }],
        [{ name: 's', from, steps: [step, ...rename, { ...step, latenessUs: 2 * step.latenessUs }] }],
        [
          { name: 's', from, steps: [step, resample] },
          { name: 't', from: [{ processor: 's' }], steps: [{ ...join, with: { pattern: 'car/{car}/imu' } }] },
        ],
        [
          {
            name: 's',
            from,
            steps: [step, { verb: 'fill' as const, columns: { speed: { method: 'linear' as const } } }],
          },
          { name: 't', from: [{ pattern: 'car/{car}/imu' }], steps: [{ ...join, with: { processor: 's' } }] },
        ],
      ][form]!;
      assertSameInAnyGrouping(plans, recordsOf(list), sizes, restores);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
