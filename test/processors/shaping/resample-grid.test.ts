import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResampleHow, ResampleStep } from '../../../processors/plan.js';
import { assertSameInAnyGrouping, recordsOf } from '../random-records.js';
import type { Cell, Row } from '../telemetry.js';
import { assertOracle, events, groupSizes, type OracleLane, restorePoints } from './lane-oracle.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 50);
const MS = 1000;
const ways = fc.constantFrom<ResampleHow>('linear', 'step', 'angle', 'nearest');

const resampleStep: fc.Arbitrary<ResampleStep> = fc.record({
  verb: fc.constant('resample' as const),
  everyUs: fc.constantFrom(90 * MS, 130 * MS, 1000 * MS),
  how: ways,
  maxGapUs: fc.constantFrom(null, 300 * MS, 2000 * MS),
  channels: fc.dictionary(fc.constantFrom('speed', 'gear', 'late'), ways, { maxKeys: 2 }),
});

/** All real rows that were not late are kept, and each grid time is looked up among them. */
class OracleResample implements OracleLane {
  readonly out: Row[] = [];
  late = 0;
  private readonly real: Row[] = [];
  private nextUs = Number.NaN;
  private latestUs = -Infinity;

  constructor(private readonly step: ResampleStep) {}

  add(row: Row): void {
    const { everyUs } = this.step;
    if (this.real.length === 0) this.nextUs = Number(-(-BigInt(row.timeUs) / BigInt(everyUs)) * BigInt(everyUs));
    while (this.real.length === 0 && this.nextUs < row.timeUs) this.nextUs += everyUs;
    if (row.timeUs <= this.nextUs - everyUs) {
      this.late++;
      return;
    }
    const at = this.real.findIndex((other) => other.timeUs > row.timeUs);
    this.real.splice(at < 0 ? this.real.length : at, 0, row);
    this.latestUs = Math.max(this.latestUs, row.timeUs);
    for (; this.nextUs < this.latestUs; this.nextUs += everyUs) this.give(this.nextUs);
  }

  release(): void {}

  private give(timeUs: number): void {
    const before = this.real.filter((row) => row.timeUs <= timeUs).at(-1)!;
    const after = this.real.find((row) => row.timeUs > timeUs)!;
    const exact = before.timeUs === timeUs;
    if (!exact && after.timeUs - before.timeUs > (this.step.maxGapUs ?? Infinity)) return;
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    const cells = [...names]
      .filter((name) => name !== 'timeUs')
      .map((name) => [name, this.cell(name, timeUs, before, exact ? before : after)]);
    const samples = this.real.filter((row) => row.timeUs > timeUs - this.step.everyUs && row.timeUs <= timeUs).length;
    this.out.push({ timeUs, ...Object.fromEntries(cells), samples, interpolated: !exact });
  }

  private cell(name: string, timeUs: number, before: Row, after: Row): Cell {
    const how = this.step.channels[name] ?? this.step.how;
    const a = before[name] ?? null;
    const b = after[name] ?? null;
    const back = timeUs - before.timeUs;
    const span = after.timeUs - before.timeUs;
    if (how === 'nearest') return back <= span - back ? a : b;
    const isWord = name === 'name' || name === 'wet';
    if (how === 'step' || isWord) return a;
    if (a === null || b === null) return null;
    const weight = span === 0 ? 0 : back / span;
    if (how === 'linear') return Number(a) + (Number(b) - Number(a)) * weight;
    let turn = Number(b) - Number(a);
    while (turn > 180) turn -= 360;
    while (turn <= -180) turn += 360;
    let angle = Number(a) + turn * weight;
    while (angle >= 360) angle -= 360;
    return angle;
  }
}

/** Without nulls, and with numbers to 6 places: angles are turned in another order of operations here. */
function rounded(row: Row): string {
  const cells = Object.entries(row).filter(([, cell]) => cell !== null);
  const shown = cells.map(([name, cell]) => {
    if (typeof cell !== 'number') return [name, String(cell)];
    const places = Number(cell.toFixed(6));
    return [name, places === 360 ? 0 : places];
  });
  return JSON.stringify(shown.sort());
}

test('a resample gives at each grid time what an oracle finds among all real rows, and says which rows were late', () => {
  fc.assert(
    fc.property(events, resampleStep, groupSizes, (list, step, sizes) => {
      const records = recordsOf(list);
      const lanes: OracleResample[] = [];
      const makeLane = () => {
        lanes.push(new OracleResample(step));
        return lanes.at(-1)!;
      };
      const graph = assertOracle(records, step, sizes, makeLane, rounded);
      assert.equal(
        graph.lateRows.steps,
        lanes.reduce((sum, { late }) => sum + late, 0),
      );
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('resampled rows are the same in any grouping and across restores, also before other steps with state', () => {
  fc.assert(
    fc.property(
      events,
      resampleStep,
      resampleStep,
      fc.nat(3),
      groupSizes,
      restorePoints,
      (list, step, other, form, sizes, restores) => {
        const drop = { verb: 'select' as const, drop: ['samples', 'interpolated'] };
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
          [{ name: 'r', from, steps: [step] }],
          [
            { name: 'r', from, steps: [step, drop] },
            { name: 's', from: [{ processor: 'r' }], steps: [other] },
          ],
          [{ name: 'r', from, steps: [step, drop, { ...join, with: { pattern: 'car/{car}/imu' } }] }],
          [
            { name: 'r', from, steps: [step] },
            { name: 's', from: [{ pattern: 'car/{car}/imu' }], steps: [{ ...join, with: { processor: 'r' } }] },
          ],
        ][form]!;
        assertSameInAnyGrouping(plans, recordsOf(list), sizes, restores);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
