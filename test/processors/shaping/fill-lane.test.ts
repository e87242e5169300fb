import { test } from 'node:test';
import fc from 'fast-check';
import type { FillStep, FillValue } from '../../../processors/plan.js';
import { assertSameInAnyGrouping, recordsOf } from '../random-records.js';
import type { Row } from '../telemetry.js';
import { assertOracle, events, groupSizes, type OracleLane, restorePoints } from './lane-oracle.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 50);
const MS = 1000;
const last: FillValue = { method: 'last' };
const linear: FillValue = { method: 'linear' };

const fillStep: fc.Arbitrary<FillStep> = fc
  .record(
    {
      speed: fc.constantFrom(last, linear, linear, { value: -7 }),
      late: fc.constantFrom(last, linear, { value: 5 }),
      gear: fc.constantFrom(last, linear),
      name: fc.constantFrom(last, { value: '' }),
      made: fc.constantFrom({ value: true }, { value: 'm' }),
    },
    { requiredKeys: [] },
  )
  .filter((columns) => Object.keys(columns).length > 0)
  .map((columns) => ({ verb: 'fill', columns: columns as Record<string, FillValue> }));

interface Waiting {
  row: Row;
  /** Columns that wait for the next value, with the value before. */
  open: Map<string, Row>;
}

class OracleFill implements OracleLane {
  readonly out: Row[] = [];
  private readonly queue: Waiting[] = [];
  private readonly before = new Map<string, Row>();
  private latestUs = -Infinity;

  constructor(private readonly step: FillStep) {}

  add(given: Row): void {
    const row = { ...given };
    const open = new Map<string, Row>();
    const inOrder = row.timeUs >= this.latestUs;
    this.latestUs = Math.max(this.latestUs, row.timeUs);
    this.queue.push({ row, open });
    for (const [name, how] of Object.entries(this.step.columns)) {
      const value = row[name] ?? null;
      const before = this.before.get(name);
      if ('value' in how) row[name] = value ?? how.value;
      else if (how.method === 'last') {
        if (value === null) row[name] = before?.[name] ?? null;
        else this.before.set(name, given);
      } else if (inOrder) {
        if (value !== null) this.meet(name, given);
        else if (before) open.set(name, before);
      }
    }
    this.leave();
  }

  release(clockUs: number): void {
    for (const { row, open } of this.queue) {
      if (open.size === 0) continue;
      if (row.timeUs + 5000 * MS > clockUs) break;
      open.clear();
    }
    this.leave();
  }

  private meet(name: string, next: Row): void {
    this.before.set(name, next);
    for (const { row, open } of this.queue) {
      const before = open.get(name);
      if (!before) continue;
      const [a, b] = [Number(before[name]), Number(next[name])];
      const weight = (row.timeUs - before.timeUs) / (next.timeUs - before.timeUs || 1);
      row[name] = a + (b - a) * weight;
      open.delete(name);
    }
  }

  private leave(): void {
    while (this.queue[0]?.open.size === 0) this.out.push(this.queue.shift()!.row);
  }
}

test('filled rows are what an oracle of the definition gives, and wait no longer than it does', () => {
  fc.assert(
    fc.property(events, fillStep, groupSizes, (list, step, sizes) => {
      assertOracle(recordsOf(list), step, sizes, () => new OracleFill(step));
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('filled rows are the same in any grouping and across restores, also before other steps with state', () => {
  fc.assert(
    fc.property(
      events,
      fillStep,
      fillStep,
      fc.nat(2),
      groupSizes,
      restorePoints,
      (list, step, other, form, sizes, restores) => {
        const from = [{ pattern: 'car/{car}/position/+' }];
        const join = {
          verb: 'join' as const,
          how: 'linear' as const,
          toleranceUs: null,
          waitUs: 700 * MS,
          keep: 'left' as const,
          prefix: 'r_',
        };
        const plans = [
          [{ name: 'f', from, steps: [step] }],
          [
            { name: 'f', from, steps: [step, { ...join, with: { pattern: 'car/{car}/imu' } }] },
            {
              name: 'g',
              from: [{ processor: 'f' }],
              steps: [{ verb: 'fill' as const, columns: { r_x: linear, src: last } }],
            },
          ],
          [
            {
              name: 'f',
              from,
              steps: [
                step,
                { verb: 'filter' as const, where: 'speed > 3' },
                { verb: 'select' as const, drop: ['made'] },
                other,
              ],
            },
            { name: 'g', from: [{ pattern: 'car/{car}/imu' }], steps: [{ ...join, with: { processor: 'f' } }] },
          ],
        ][form]!;
        assertSameInAnyGrouping(plans, recordsOf(list), sizes, restores);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
