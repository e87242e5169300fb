import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { Step } from '../../../processors/plan.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf } from '../telemetry.js';

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const ACCELEROMETER = join(shared, 'data/comma2k19-segment/imu_accelerometer.csv.gz');
const missing = existsSync(ACCELEROMETER) ? false : `THE RECORDING IS NOT THERE: ${ACCELEROMETER}`;
const S = 1_000_000;

/** The accelerometer at 104 Hz, in messages of 11 rows. */
function run(step: Step, sizes: readonly number[]): Row[] {
  const [head, ...lines] = gunzipSync(readFileSync(ACCELEROMETER)).toString().trimEnd().split('\n');
  const names = head!.split(',');
  const rows = lines.map((line): Row => {
    const cells = line.split(',');
    return { timeUs: Math.round(Number(cells[names.indexOf('t')]) * 1e6), ax: Number(cells[names.indexOf('ax')]) };
  });
  const schema = schemaOf(['ax', 'f64']);
  const records = [];
  for (let at = 0; at < rows.length; at += 11) {
    const part = rows.slice(at, at + 11);
    records.push(dataRecord('car/1/imu', schema, part, part.at(-1)!.timeUs));
  }
  const graph = new PartitionGraph([{ name: 'w', from: [{ pattern: 'car/{car}/imu' }], steps: [step] }]);
  return outputRows(runGrouped(graph, records, sizes));
}

async function duckdb(sql: string): Promise<number[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const table = `WITH t AS (SELECT round(t * 1e6)::BIGINT AS us, ax FROM read_csv('${ACCELEROMETER}'))`;
    const reader = await connection.runAndReadAll(`${table} ${sql}`);
    return reader.getRows().map((row) => row.map(Number));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function assertNear(got: readonly number[][], expected: readonly number[][]): void {
  assert.equal(got.length, expected.length);
  for (const [i, row] of got.entries()) {
    for (const [c, value] of row.entries()) {
      const wanted = expected[i]![c]!;
      assert.ok(
        Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
        `row ${i}, column ${c}: ${value} ${wanted}`,
      );
    }
  }
}

test('the mean and the extremes of each second of a recording equal DuckDB', { skip: missing }, async () => {
  const aggregate = { n: 'count()', mean: 'mean(ax)', lo: 'min(ax)', hi: 'max(ax)' };
  const step: Step = { verb: 'window', kind: { tumblingUs: S }, graceUs: 0, idleUs: 5 * S, emit: 'close', aggregate };
  const got = run(step, [7, 1, 200]).map(({ timeUs, n, mean, lo, hi }) => [timeUs, n, mean, lo, hi] as number[]);
  const expected = await duckdb(
    `SELECT us // 1000000 * 1000000 AS s, count(*), avg(ax), min(ax), max(ax) FROM t GROUP BY s ORDER BY s`,
  );
  // The last second is still open.
  assert.ok(expected.length > 50);
  assertNear(got, expected.slice(0, -1));
});

test('the mean of the last 10 s of a recording at each row equals DuckDB', { skip: missing }, async () => {
  const got = run({ verb: 'rolling', overUs: 10 * S, columns: { ax_10s: 'mean(ax)' } }, [7, 1, 200]);
  const expected = await duckdb(
    `SELECT us, ax, avg(ax) OVER (ORDER BY us RANGE BETWEEN 9999999 PRECEDING AND CURRENT ROW) FROM t ORDER BY us`,
  );
  assert.ok(expected.length > 5000);
  assertNear(
    got.map(({ timeUs, ax, ax_10s }) => [timeUs, ax, ax_10s] as number[]),
    expected,
  );
});
