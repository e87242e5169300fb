import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InputRecord, PartitionGraph } from '../../../processors/partition-graph.js';
import type { Step, WindowKind } from '../../../processors/plan.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf } from '../telemetry.js';
import { query, type Value } from './duckdb.js';

const S = 1_000_000;
const SCHEMA = schemaOf(['v', 'f64'], ['raw', 'i16', 0.5, 10], ['lap', 'i64'], ['note', 'utf8'], ['wet', 'bool']);
const COLUMNS = { v: 'DOUBLE', raw: 'DOUBLE', lap: 'DOUBLE', note: 'VARCHAR', wet: 'BOOLEAN' };

/** A small generator of numbers in [0, 1), the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Telemetry of some minutes with gaps, equal stamps, nulls, NaN, and whole stretches without a value. */
function telemetry(count: number, seed = 7): Row[] {
  const next = random(seed);
  const rows: Row[] = [];
  let timeUs = 1_700_000_000 * S + 123_457;
  for (let i = 0; i < count; i++) {
    const dice = next();
    timeUs += dice < 0.1 ? 0 : dice < 0.98 ? Math.floor(next() * 120_000) : Math.floor(next() * 8 * S);
    const silent = Math.floor(i / 150) % 7 === 3;
    const v = silent || next() < 0.1 ? null : next() < 0.05 ? Number.NaN : Math.round(next() * 4000 - 2000) / 8;
    rows.push({
      timeUs,
      v,
      raw: next() < 0.1 ? null : Math.floor(next() * 100),
      lap: next() < 0.05 ? null : Math.floor(i / 90),
      note: next() < 0.3 ? null : `n${Math.floor(next() * 9)}`,
      wet: next() < 0.2 ? null : next() < 0.5,
    });
  }
  return rows;
}

/** Rows as records of 1 to 30 rows, and a last one that is far later, so that all windows before it close. */
function recordsOf(rows: readonly Row[]): InputRecord[] {
  const records: InputRecord[] = [];
  for (let at = 0, size = 1; at < rows.length; at += size, size = (size * 7 + 3) % 30 || 1) {
    const part = rows.slice(at, at + size);
    records.push(dataRecord('car/1/imu', SCHEMA, part, part.at(-1)!.timeUs));
  }
  const end: Row = { timeUs: rows.at(-1)!.timeUs + 3600 * S, v: null, raw: null, lap: 1e6, note: null, wet: null };
  return [...records, dataRecord('car/1/imu', SCHEMA, [end], end.timeUs)];
}

function run(step: Step, rows: readonly Row[], sizes = [3, 1, 40]): Row[] {
  const graph = new PartitionGraph([{ name: 'w', from: [{ pattern: 'car/{car}/imu' }], steps: [step] }]);
  return outputRows(runGrouped(graph, recordsOf(rows), sizes));
}

const AGGREGATE = {
  n: 'count()',
  seen: 'count(v)',
  total: 'sum(v)',
  avg: 'mean(v)',
  lo: 'min(v)',
  hi: 'max(v)',
  phys: 'mean(raw)',
  wets: 'sum(wet)',
  note: 'max(note)',
};

/** The same in SQL: what is null or NaN is left out, `raw` counts as what it stands for. `over` is put behind each. */
function sqlOf(over = ''): string {
  const v = "FILTER (WHERE v IS NOT NULL AND v != 'nan'::DOUBLE)";
  return [
    `count(*) ${over} AS n`,
    `count(v) ${v} ${over} AS seen`,
    `sum(v) ${v} ${over} AS total`,
    `avg(v) ${v} ${over} AS avg`,
    `min(v) ${v} ${over} AS lo`,
    `max(v) ${v} ${over} AS hi`,
    `avg(raw * 0.5 + 10) ${over} AS phys`,
    `sum(wet::INT) ${over} AS wets`,
    `max(note) ${over} AS note`,
  ].join(', ');
}

const NAMES = ['timeUs', 'windowEndUs', ...Object.keys(AGGREGATE)];

/** Numbers are the same to 1e-9 of their size, all else is the same. */
function assertSameRows(got: readonly Value[][], expected: readonly Value[][]): void {
  assert.equal(got.length, expected.length);
  for (const [i, row] of got.entries()) {
    for (const [c, value] of row.entries()) {
      const wanted = expected[i]![c]!;
      const near =
        typeof value === 'number' &&
        typeof wanted === 'number' &&
        Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
      if (!near) assert.equal(value, wanted, `row ${i}, ${NAMES[c]}: ${JSON.stringify([row, expected[i]])}`);
    }
  }
}

function cells(rows: readonly Row[], names = NAMES): Value[][] {
  return rows.map((row) => names.map((name) => (row[name] ?? null) as Value));
}

function windowStep(kind: WindowKind): Step {
  // Silences are in event time alone here: nothing is idle.
  return { verb: 'window', kind, graceUs: 0, idleUs: 1e12, emit: 'close', aggregate: AGGREGATE };
}

const SESSION_GAP = 1.5 * S;
const KINDS: { name: string; kind: WindowKind; sql: string }[] = [
  {
    name: 'tumbling windows of 1.7 s equal a group by of floored times',
    kind: { tumblingUs: 1.7 * S },
    sql: `SELECT us // 1700000 * 1700000 AS s, s + 1700000, ${sqlOf()} FROM t GROUP BY s ORDER BY s`,
  },
  {
    name: 'hopping windows of 10 s each 3 s equal a join of rows with all starts',
    kind: { hopping: { sizeUs: 10 * S, stepUs: 3 * S } },
    sql: `WITH s AS (SELECT DISTINCT (us // 3000000 - k) * 3000000 AS s FROM t, range(0, 4) r(k))
          SELECT s, s + 10000000, ${sqlOf()} FROM s JOIN t ON us >= s AND us < s + 10000000 GROUP BY s ORDER BY s`,
  },
  {
    name: 'sliding windows of 5 s equal a window by range for the last row of each time',
    kind: { slidingUs: 5 * S },
    sql: `SELECT us - 5000000, us, * EXCLUDE (us, k) FROM
          (SELECT us, row_number() OVER (PARTITION BY us) AS k, ${sqlOf('OVER w')} FROM t
           WINDOW w AS (ORDER BY us RANGE BETWEEN 4999999 PRECEDING AND CURRENT ROW)) WHERE k = 1 ORDER BY us`,
  },
  {
    name: 'sessions equal rows numbered by the pauses before them',
    kind: { sessionUs: SESSION_GAP },
    sql: `WITH p AS (SELECT *, coalesce(us - lag(us) OVER (ORDER BY us, seq) >= ${SESSION_GAP}, true) AS pause FROM t),
          n AS (SELECT *, sum(pause::INT) OVER (ORDER BY us, seq) AS k FROM p)
          SELECT min(us), max(us), ${sqlOf()} FROM n GROUP BY k ORDER BY k`,
  },
  {
    name: 'windows of 100 rows equal a group by of row numbers',
    kind: { rows: 100 },
    sql: `SELECT min(us), max(us), ${sqlOf()} FROM t GROUP BY seq // 100 HAVING count(*) = 100 ORDER BY seq // 100`,
  },
  {
    name: 'laps cut by a lap column equal a group by lap, nulls with the lap that is open, each to the start of the next',
    kind: { cut: 'lap' },
    sql: `WITH l AS (SELECT *, last_value(lap IGNORE NULLS) OVER (ORDER BY seq) AS k FROM t),
          g AS (SELECT k, min(us) AS s, ${sqlOf()} FROM l GROUP BY k)
          SELECT s, lead(s, 1, (SELECT max(us) FROM t) + 3600000000) OVER (ORDER BY k) AS e, * EXCLUDE (k, s)
          FROM g ORDER BY k`,
  },
];

for (const { name, kind, sql } of KINDS) {
  test(`${name}, in DuckDB`, async () => {
    const rows = telemetry(1500);
    const got = cells(run(windowStep(kind), rows)).filter((row) => row[0] !== rows.at(-1)!.timeUs + 3600 * S);
    const expected = await query(sql, rows, COLUMNS);
    assert.ok(expected.length > 10, 'the comparison is not of a few rows');
    assertSameRows(got, expected);
  });
}

test('rows that come out of order within the grace change nothing of the windows', async () => {
  // Equal stamps stay in the order they come, which is another one here; so each row has its own time.
  const rows = telemetry(600, 11).map((row, i) => ({ ...row, timeUs: row.timeUs + i }));
  const next = random(3);
  // Each row comes up to 400 ms late; what ends up in which window is a matter of its time alone.
  const order = rows.map((row, i) => ({ row, i, atUs: row.timeUs + Math.floor(next() * 0.4 * S) }));
  const arrived = order.sort((a, b) => a.atUs - b.atUs || a.i - b.i).map(({ row }) => row);
  assert.ok(arrived.some((row, i) => i > 0 && row.timeUs < arrived[i - 1]!.timeUs - 0.1 * S));
  const end: Row = { timeUs: rows.at(-1)!.timeUs + 3600 * S };
  const records = [...arrived, end].map((row) => dataRecord('car/1/imu', SCHEMA, [row], 0));
  const aggregate = { ...AGGREGATE, area: 'integral(v)', move: 'rate(v)' };
  for (const kind of [
    { tumblingUs: 1.7 * S },
    { hopping: { sizeUs: 4 * S, stepUs: S } },
    { slidingUs: 5 * S },
    { sessionUs: SESSION_GAP },
  ]) {
    const step = { ...windowStep(kind), graceUs: 0.4 * S, aggregate } as Step;
    const graph = new PartitionGraph([{ name: 'w', from: [{ pattern: 'car/{car}/imu' }], steps: [step] }]);
    const late = outputRows(runGrouped(graph, records, [9, 2, 30]));
    assert.equal(graph.lateRows.steps, 0);
    const sorted = new PartitionGraph([{ name: 'w', from: [{ pattern: 'car/{car}/imu' }], steps: [step] }]);
    const inOrder = [...rows, end].map((row) => dataRecord('car/1/imu', SCHEMA, [row], 0));
    const wanted = outputRows(runGrouped(sorted, inOrder, [50]));
    assert.ok(wanted.length > 5);
    const names = [...NAMES, 'area', 'move'];
    assertSameRows(cells(late, names), cells(wanted, names));
  }
});

test('the mean of the last 10 s of speed as a rolling column equals the window by range of each row', async () => {
  const rows = telemetry(1500, 5).map((row, i) => ({ ...row, timeUs: row.timeUs + i }));
  const step: Step = { verb: 'rolling', overUs: 10 * S, columns: { v_10s: 'mean(v)', note: 'max(note)', v: 'max(v)' } };
  const got = run(step, rows).slice(0, -1);
  const v = "FILTER (WHERE v IS NOT NULL AND v != 'nan'::DOUBLE)";
  const expected = await query(
    `SELECT us, max(v) ${v} OVER w, raw * 0.5 + 10, lap, max(note) OVER w, wet, avg(v) ${v} OVER w FROM t
     WINDOW w AS (ORDER BY us RANGE BETWEEN 9999999 PRECEDING AND CURRENT ROW) ORDER BY us`,
    rows,
    COLUMNS,
  );
  assert.deepEqual(Object.keys(got[0]!), ['timeUs', 'v', 'raw', 'lap', 'note', 'wet', 'v_10s']);
  assertSameRows(cells(got, Object.keys(got[0]!)), expected);
});
