import assert from 'node:assert/strict';
import { type GatewayProcess, pitwall } from '../support/gateway-process.js';
import { rowsOf, type SameInput, WAIT } from './same-rows.js';

/** Of a car: imu 100, wheels 50, g and engine 20, gps 10, temps 1. */
const ROWS_A_SECOND = 201;

/** The simulated grid as fast as it goes, with joins that wait and a chain of processors. */
export function gridInput({
  cars,
  seconds,
  timeoutMs = 60_000,
}: {
  cars: number;
  seconds: number;
  timeoutMs?: number;
}): SameInput {
  const rows = cars * seconds * ROWS_A_SECOND;
  return {
    processors: `
processors:
  at_position:
    from: car/{car}/imu
    steps:
      - join: { with: "car/{car}/gps", how: linear, tolerance: 2s, wait: ${WAIT}, keep: left }
      - columns: { kmh: speed * 3.6, force: sqrt(ax^2 + ay^2) / 9.80665 }
  hard:
    from: at_position
    steps: [ { filter: force > 1 } ]
  driven:
    from: car/{car}/wheels
    steps:
      - join: { with: "car/{car}/engine", how: backward, tolerance: 1s, wait: ${WAIT}, keep: left, prefix: engine_ }
  hot:
    from: car/{car}/engine
    steps:
      - join: { with: "car/{car}/temps", how: nearest, tolerance: 2s, wait: ${WAIT}, keep: inner, prefix: temps_ }
`,
    sinks: '  out: { type: file, from: [at_position, hard, driven, hot], path: ./out/by, format: jsonl }',
    async send(gateway: GatewayProcess) {
      const { code, stdout, stderr } = await pitwall(
        [
          ...['simulate', '--cars', String(cars), '--seconds', String(seconds), '--to', `ws://${gateway.http}/ingest`],
          ...['--start', '2024-05-01T12:00:00Z', '--seed', '11', '--client', 'grid', '--speed', 'max'],
        ],
        { timeoutMs },
      );
      assert.equal(code, 0, stderr);
      const summary = JSON.parse(stdout) as { rows: number; rowsAcknowledged: number; rejected: number };
      assert.deepEqual([summary.rows, summary.rowsAcknowledged, summary.rejected], [rows, rows, 0], stdout);
    },
    ends: Array.from({ length: cars }, (_, i) =>
      ['gps', 'engine', 'temps'].map((name) => `car/${i + 1}/${name}`),
    ).flat(),
    // Each row of the left streams leaves the joins that keep it, and each engine row has temperatures near.
    isWhole: (found) =>
      rowsOf(found, /^raw\//) === rows + cars * 3 &&
      rowsOf(found, /^by\/at_position/) === cars * seconds * 100 &&
      rowsOf(found, /^by\/driven/) === cars * seconds * 50 &&
      rowsOf(found, /^by\/hot/) === cars * (seconds * 20 + 1),
    timeoutMs,
  };
}
