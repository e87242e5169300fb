import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf, tickRecord } from './telemetry.js';

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'data/comma2k19-segment');
const ACCELEROMETER = join(folder, 'imu_accelerometer.csv.gz');
const GNSS = join(folder, 'gnss_live_gnss_ublox.csv.gz');
const missing = existsSync(ACCELEROMETER) && existsSync(GNSS) ? false : `THE RECORDING IS NOT THERE: ${folder}`;
const TOLERANCE_US = 120_000;

function readCsv(file: string, columns: readonly string[]): Row[] {
  const [head, ...lines] = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  const names = head!.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const row: Row = { timeUs: Math.round(Number(cells[names.indexOf('t')]) * 1e6) };
    for (const name of columns) row[name] = Number(cells[names.indexOf(name)]);
    return row;
  });
}

/** Both streams as they would have come: batches of a few rows, sent when their last row is there. */
function records(): InputRecord[] {
  const streams = [
    { stream: 'car/1/imu', rows: readCsv(ACCELEROMETER, ['ax', 'ay', 'az']), size: 11, columns: ['ax', 'ay', 'az'] },
    { stream: 'car/1/gnss', rows: readCsv(GNSS, ['speed', 'lat']), size: 3, columns: ['speed', 'lat'] },
  ];
  const out: InputRecord[] = [];
  for (const { stream, rows, size, columns } of streams) {
    const schema = schemaOf(...columns.map((name): [string, 'f64'] => [name, 'f64']));
    for (let at = 0; at < rows.length; at += size) {
      const part = rows.slice(at, at + size);
      out.push(dataRecord(stream, schema, part, part.at(-1)!.timeUs));
    }
  }
  out.sort((a, b) => a.receivedUs - b.receivedUs);
  const endUs = out.at(-1)!.receivedUs;
  return [...out, ...[1, 2, 3, 4].map((second) => tickRecord(endUs + second * 1_000_000))];
}

const WAYS = ['backward', 'nearest', 'forward', 'linear'] as const;

/** The same join in SQL: DuckDB's ASOF JOIN to both sides, put together by the definition of each way. */
async function duckdbRows(how: (typeof WAYS)[number]): Promise<(number | null)[][]> {
  const speed = {
    backward: 'CASE WHEN back <= tol THEN b.speed END',
    forward: 'CASE WHEN to_next <= tol THEN f.speed END',
    nearest: 'CASE WHEN least(back, ahead) <= tol THEN CASE WHEN back <= ahead THEN b.speed ELSE a.speed END END',
    linear: `CASE WHEN back = 0 THEN b.speed WHEN greatest(back, ahead) <= tol AND isfinite(greatest(back, ahead))
             THEN b.speed + (a.speed - b.speed) * (back / (back + ahead)) END`,
  }[how];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(`
      WITH l AS (SELECT round(t * 1e6) AS us, ax FROM read_csv('${ACCELEROMETER}')),
           r AS (SELECT round(t * 1e6) AS us, speed FROM read_csv('${GNSS}')),
           m AS (SELECT l.us, l.ax, b.speed AS bs, a.speed AS asp, b.us AS bu, a.us AS au
                 , f.speed AS fs, f.us AS fu
                 FROM l ASOF LEFT JOIN r b ON l.us >= b.us ASOF LEFT JOIN r a ON l.us < a.us
                        ASOF LEFT JOIN r f ON l.us <= f.us),
           d AS (SELECT us, ax, bs, asp, fs, coalesce(fu - us, 'inf'::DOUBLE) AS to_next, coalesce(us - bu, 'inf'::DOUBLE) AS back, coalesce(au - us, 'inf'::DOUBLE) AS ahead,
                 ${TOLERANCE_US}::DOUBLE AS tol FROM m)
      SELECT us, ax, ${speed.replaceAll('b.speed', 'bs').replaceAll('a.speed', 'asp').replaceAll('f.speed', 'fs')} AS speed FROM d ORDER BY us`);
    return reader.getRows() as (number | null)[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

for (const how of WAYS) {
  test(`GNSS speed at 10 Hz joined ${how} onto the accelerometer at 104 Hz equals DuckDB row by row`, {
    skip: missing,
  }, async () => {
    const graph = new PartitionGraph([
      {
        name: 'j',
        from: [{ pattern: 'car/{car}/imu' }],
        steps: [
          {
            verb: 'join',
            with: { pattern: 'car/{car}/gnss' },
            how,
            toleranceUs: TOLERANCE_US,
            waitUs: 1_000_000,
            keep: 'left',
            prefix: '',
          },
        ],
      },
    ]);
    const got = outputRows(runGrouped(graph, records(), [7, 1, 200])).map((row) => [
      row.timeUs,
      row.ax,
      row.speed ?? null,
    ]);
    const expected = await duckdbRows(how);
    assert.equal(got.length, 6256);
    assert.equal(expected.filter((row) => row[2] === null).length > 0, true);
    assert.deepEqual(got, expected);
  });
}
