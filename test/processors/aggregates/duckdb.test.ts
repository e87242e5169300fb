import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryRows } from '../../support/duckdb.js';
import { random } from '../../support/random.js';
import type { Row } from '../telemetry.js';
import { assertClose, batch, resultOf, setOf } from './telemetry.js';

/** Aggregates that DuckDB has as well. Times are distinct, since what it takes of equal ones is not said. */
const IN_DUCKDB: Record<string, string> = {
  'count()': 'count(*)',
  'count(x)': 'count(x)',
  'sum(x)': 'sum(x)',
  'mean(x)': 'avg(x)',
  'min(x)': 'min(x)',
  'max(x)': 'max(x)',
  'std(x)': 'stddev_samp(x)',
  'var(x)': 'var_samp(x)',
  'median(x)': 'median(x)',
  'quantile(x, 0.3)': 'quantile_cont(x, 0.3)',
  'quantile(x, 99 / 100)': 'quantile_cont(x, 0.99)',
  'distinct(x)': 'count(distinct x)',
  'first(x)': 'arg_min(x, t)',
  'last(x)': 'arg_max(x, t)',
  'distinct(s)': 'count(distinct s)',
  'first(s)': 'arg_min(s, t)',
  'last(s)': 'arg_max(s, t)',
  'min(s)': 'min(s)',
  'max(s)': 'max(s)',
  'max(x * 2) - min(x) / mean(x)': 'max(x * 2) - min(x) / avg(x)',
};

const GROUPS = 60;

/** Groups of none to forty rows of magnitudes from 1e-9 to 1e9, with nulls. */
function rowsOf(group: number): Row[] {
  const next = random(group + 1);
  const magnitude = 10 ** (Math.floor(next() * 19) - 9);
  return Array.from({ length: Math.floor(next() ** 2 * 40) }, (_, i) => ({
    timeUs: i * 1_000_000 + Math.floor(next() * 1_000_000),
    x: next() < 0.15 ? null : next() < 0.2 ? magnitude : (next() - 0.3) * magnitude,
    s: next() < 0.15 ? null : `t${Math.floor(next() * 6)}`,
  }));
}

test('DuckDB gives the same for every aggregate it has', async () => {
  const groups = Array.from({ length: GROUPS }, (_, group) => rowsOf(group));
  const cell = (value: unknown) => (value === null ? 'NULL' : typeof value === 'string' ? `'${value}'` : String(value));
  const values = groups.flatMap((rows, group) =>
    rows.map(({ timeUs, x, s }) => `(${group}, ${timeUs}, ${cell(x)}::DOUBLE, ${cell(s)}::VARCHAR)`),
  );
  const expected = await queryRows(
    `SELECT g, ${Object.values(IN_DUCKDB).join(', ')} FROM (VALUES ${values.join(', ')}) AS rows(g, t, x, s) GROUP BY g`,
  );
  assert.ok(expected.length > GROUPS / 2 && expected.length < GROUPS, 'some groups have no rows');
  const texts = Object.keys(IN_DUCKDB);
  const set = setOf(Object.fromEntries(texts.map((text, i) => [`c${i}`, text])));
  for (const [group, ...cells] of expected) {
    const rows = groups[group as number]!;
    const accumulator = set.create();
    accumulator.add(set.inputs(batch(rows)), 0, rows.length);
    const actual = resultOf(set, accumulator);
    texts.forEach((text, i) => {
      assertClose(actual[`c${i}`] ?? null, cells[i] as number | string | null, 0, `${text} of group ${group}`);
    });
  }
});
