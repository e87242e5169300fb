import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VariantRun } from '../../bench/bench-case.js';
import { benchReport } from '../../bench/bench-report.js';
import { aggregate, type BenchResults, faultsOf } from '../../bench/bench-results.js';
import { benchTable, shown } from '../../bench/bench-table.js';

const run = (rate: number, lost: number): VariantRun[] => [
  {
    name: 'burst, 2 cars',
    measures: [
      {
        metric: 'values absorbed durably',
        value: rate,
        unit: 'values/s',
        limits: { diskCeiling: 2 * rate, goal: 40e6 },
      },
      { metric: 'rows lost', value: lost, unit: 'rows', limits: { most: 0 } },
    ],
  },
];

const results = (cases: BenchResults['cases']): BenchResults => ({
  machine: { cpu: 'A <fast> CPU', cores: 2, memoryGiB: 24, system: 'Linux', node: 'v20' },
  commit: 'abc123',
  quick: false,
  startedAt: '2024-01-01T00:00:00.000Z',
  cases,
});

test('runs of a case become one entry a metric, with median, min, max, all runs and the limits', () => {
  const cases = aggregate([run(30e6, 0), run(50e6, 0), run(40e6, 0)]);
  assert.deepEqual(cases, [
    {
      name: 'burst, 2 cars',
      metric: 'values absorbed durably',
      value: 40e6,
      unit: 'values/s',
      median: 40e6,
      min: 30e6,
      max: 50e6,
      runs: [30e6, 50e6, 40e6],
      limits: { diskCeiling: 80e6, goal: 40e6 },
    },
    {
      name: 'burst, 2 cars',
      metric: 'rows lost',
      value: 0,
      unit: 'rows',
      median: 0,
      min: 0,
      max: 0,
      runs: [0, 0, 0],
      limits: { most: 0 },
    },
  ]);
});

test('the median lies between min and max, and half of the runs on each side of it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 9 }), (values) => {
      const [result] = aggregate(values.map((value) => run(value, 0)));
      const { median, min, max } = result!;
      assert.equal(min, Math.min(...values));
      assert.equal(max, Math.max(...values));
      assert.ok(values.filter((value) => value <= median).length >= values.length / 2);
      assert.ok(values.filter((value) => value >= median).length >= values.length / 2);
    }),
  );
});

test('one lost or doubled row in one run fails the benchmark, a missed goal does not', () => {
  assert.deepEqual(faultsOf(aggregate([run(1, 0), run(2, 0)])), []);
  assert.deepEqual(faultsOf(aggregate([run(1, 0), run(2, 3), run(1, 0)])), ['burst, 2 cars: 3 rows lost']);
});

test('the table shows machine, commit, every metric with its spread, and its share of the limits', () => {
  const text = benchTable(results(aggregate([run(30e6, 0), run(50e6, 0)])));
  assert.match(text, /^A <fast> CPU, 2 cores, 24 GiB, Linux, Node v20, commit abc123\n/);
  assert.match(text, /\nburst, 2 cars\n/);
  assert.match(
    text,
    /values absorbed durably +40,000,000 values\/s {2}\(30,000,000 \.\. 50,000,000\) {2}\[disk ceiling 80,000,000, 50 %; goal 40,000,000, 100 %\]/,
  );
  assert.match(text, /rows lost +0 rows {2}\(0 \.\. 0\) {2}\[most 0\]/);
});

test('the report is one page that loads nothing and escapes what it is given', () => {
  const page = benchReport(results(aggregate([run(30e6, 1), run(50e6, 0)])));
  assert.ok(page.startsWith('<!doctype html>'));
  assert.ok(page.includes('A &lt;fast&gt; CPU'));
  assert.equal(page.match(/<svg /g)?.length, 1);
  assert.equal(page.match(/class="run"/g)?.length, 2);
  assert.ok(page.includes('<tr class="bad"><td>rows lost</td>'));
  assert.ok(!/(?:src|href)=/.test(page));
});

test('numbers are shown short and readable', () => {
  assert.deepEqual([0, 7, 0.1234, 12.345, 999.96, 1234.5, 1234567, Number.NaN].map(shown), [
    '0',
    '7',
    '0.123',
    '12.35',
    '1000.0',
    '1,235',
    '1,234,567',
    '-',
  ]);
});
