import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type InputRecord, PartitionGraph } from '../../../processors/partition-graph.js';
import type { Step } from '../../../processors/plan.js';
import { queryRows } from '../../support/duckdb.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf } from '../telemetry.js';

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const folder = join(shared, 'data/comma2k19-segment');
const GNSS = join(folder, 'gnss_live_gnss_ublox.csv.gz');
const missing = existsSync(GNSS) ? false : `THE RECORDING IS NOT THERE: ${folder}`;
const COLUMNS = ['lat', 'speed', 'bearing', 'altitude'];
/** Every third altitude is taken out, and every fifth but for its neighbours. */
const isGone = (row: number) => row % 3 === 0 || row % 5 < 2;
const GONE_SQL = '(row % 3 = 0 OR row % 5 < 2)';
const REAL = `(SELECT *, round(t * 1e6) AS us, row_number() OVER () - 1 AS row FROM read_csv('${GNSS}'))`;

/** The recording in records of a few rows. */
function records(): InputRecord[] {
  const [head, ...lines] = gunzipSync(readFileSync(GNSS)).toString().trimEnd().split('\n');
  const names = head!.split(',');
  const schema = schemaOf(...COLUMNS.map((name): [string, 'f64'] => [name, 'f64']));
  const rows = lines.map((line, i) => {
    const cells = line.split(',').map(Number);
    const row: Row = { timeUs: Math.round(cells[names.indexOf('t')]! * 1e6) };
    for (const name of COLUMNS) row[name] = cells[names.indexOf(name)]!;
    if (isGone(i)) row.altitude = null;
    return row;
  });
  const out: InputRecord[] = [];
  for (let at = 0; at < rows.length; at += 3) {
    const part = rows.slice(at, at + 3);
    out.push(dataRecord('car/1/gnss', schema, part, part.at(-1)!.timeUs));
  }
  return out;
}

function run(step: Step, columns: readonly string[]): unknown[][] {
  const graph = new PartitionGraph([{ name: 'p', from: [{ pattern: 'car/{car}/gnss' }], steps: [step] }]);
  return outputRows(runGrouped(graph, records(), [7, 1, 50])).map((row) => columns.map((name) => row[name] ?? null));
}

test('the GNSS receiver of a recording, 10 Hz with jitter, brought to 20 Hz equals ASOF joins of DuckDB onto a series', {
  skip: missing,
}, async () => {
  const step: Step = {
    verb: 'resample',
    everyUs: 50_000,
    how: 'linear',
    maxGapUs: 150_000,
    channels: { bearing: 'angle', lat: 'nearest', altitude: 'step' },
  };
  const got = run(step, ['timeUs', 'speed', 'lat', 'altitude', 'samples', 'interpolated', 'bearing']);
  const expected = await queryRows(`
    WITH r AS ${REAL},
         g AS (SELECT 50000.0::DOUBLE * unnest(generate_series(
                 (SELECT ceil(min(us) / 50000)::BIGINT FROM r), (SELECT floor(max(us) / 50000)::BIGINT FROM r))) AS us),
         m AS (SELECT g.us, b.us AS bu, a.us AS au, b.speed AS bs, a.speed AS asp, b.lat AS bl, a.lat AS al,
                 b.bearing AS bb, a.bearing AS ab, CASE WHEN ${GONE_SQL.replaceAll('row', 'b.row')} THEN NULL ELSE b.altitude END AS alt
               FROM g ASOF JOIN r b ON g.us >= b.us ASOF JOIN r a ON g.us < a.us),
         w AS (SELECT *, (us - bu) / (au - bu) AS weight, us = bu AS exact, (ab - bb + 540) % 360 - 180 AS turn FROM m)
    SELECT us, CASE WHEN exact THEN bs ELSE bs + (asp - bs) * weight END,
           CASE WHEN us - bu <= au - us THEN bl ELSE al END, alt,
           (SELECT count(*) FROM r WHERE r.us > w.us - 50000 AND r.us <= w.us), NOT exact,
           CASE WHEN exact THEN bb ELSE (bb + turn * weight + 360) % 360 END
    FROM w WHERE exact OR au - bu <= 150000 ORDER BY us`);
  const angles = [got, expected].map((rows) => rows.map((row) => row.pop() as number)) as [number[], number[]];
  assert.ok(got.length > 1000);
  assert.deepEqual(got, expected);
  for (const [i, angle] of angles[0].entries()) {
    const apart = Math.abs(angle - angles[1][i]!);
    assert.ok(Math.min(apart, 360 - apart) < 1e-9, `bearing ${angle} of row ${i} is not ${angles[1][i]}`);
  }
});

test('altitudes taken out of a recording come back as last_value and as a line as DuckDB has them', {
  skip: missing,
}, async () => {
  const window = 'OVER (ORDER BY us, row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)';
  const following = 'OVER (ORDER BY us, row ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)';
  const known = await queryRows(`
    WITH r AS (SELECT us, row, CASE WHEN ${GONE_SQL} THEN NULL ELSE altitude END AS altitude FROM ${REAL}),
         k AS (SELECT *, CASE WHEN altitude IS NOT NULL THEN us END AS known_us FROM r),
         n AS (SELECT us, row, last_value(altitude IGNORE NULLS) ${window} AS a, first_value(altitude IGNORE NULLS) ${following} AS b,
                 last_value(known_us IGNORE NULLS) ${window} AS au, first_value(known_us IGNORE NULLS) ${following} AS bu FROM k)
    SELECT us, a, CASE WHEN au = bu THEN a ELSE a + (b - a) * ((us - au) / (bu - au)) END FROM n ORDER BY us, row`);
  const last = run({ verb: 'fill', columns: { altitude: { method: 'last' } } }, ['timeUs', 'altitude']);
  assert.ok(known.length > 500 && last.length === known.length);
  assert.deepEqual(
    last,
    known.map(([us, filled]) => [us, filled]),
  );
  // Rows at the end wait for an altitude that no record brings.
  const linear = run({ verb: 'fill', columns: { altitude: { method: 'linear' } } }, ['timeUs', 'altitude']);
  assert.ok(linear.length > known.length - 5 && linear.some((row) => row[1] === null));
  assert.deepEqual(
    linear,
    known.slice(0, linear.length).map(([us, , filled]) => [us, filled]),
  );
});
