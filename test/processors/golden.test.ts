import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModules } from '../../pipeline/config/load-modules.js';
import { readConfigBytes } from '../../pipeline/config/read-config.js';
import { GraphChain } from '../../processors/grouping/graph-chain.js';
import type { InputRecord, ProcessorOutput } from '../../processors/partition-graph.js';
import { dataRecord, type Row, rowsOf, schemaOf, tickRecord } from './telemetry.js';

const S = 1e6;
const GPS = schemaOf(['speed', 'f64'], ['lap', 'i32']);
const IMU = schemaOf(['ax', 'f64'], ['ay', 'f64']);

/** What people ask for first, as they write it. */
const YAML = `
processors:
  kmh:
    from: car/{car}/gps
    steps: [ { columns: { kmh: speed * 3.6 } } ]
  smooth:
    from: car/{car}/gps
    steps: [ { rolling: { over: 10s, columns: { speed_10s: mean(speed) } } } ]
  g_at_speed:
    from: car/{car}/imu
    steps:
      - join: { with: "car/{car}/gps", how: linear, wait: 5s }
      - columns: { g: sqrt(ax^2 + ay^2) / 9.80665 }
  laps:
    from: car/{car}/gps
    steps:
      - group: { by: lap }
      - window: { rows: 4, aggregate: { n: count(), top: max(speed) } }
`;

const speedOf = (car: number, second: number) => 20 + car + 10 * Math.sin(second / 4);

/** Two cars for 30 s: 1 Hz of GPS, 20 Hz of acceleration, each second's readings in one record. */
function records(): InputRecord[] {
  const all: InputRecord[] = [];
  for (let second = 0; second < 30; second++) {
    for (const car of [1, 2]) {
      const imu = Array.from({ length: 20 }, (_, i): Row => {
        const at = second + i / 20;
        return { timeUs: Math.round(at * S), ax: Math.cos(at) * 9.80665, ay: Math.sin(at) * 9.80665 };
      });
      all.push(dataRecord(`car/${car}/imu`, IMU, imu, (second + 1) * S));
      const fix = { timeUs: second * S, speed: speedOf(car, second), lap: Math.floor(second / 8) };
      all.push(dataRecord(`car/${car}/gps`, GPS, [fix], (second + 1) * S));
    }
  }
  for (let second = 31; second < 45; second++) all.push(tickRecord(second * S));
  return all;
}

async function outputs(): Promise<(stream: string) => Row[]> {
  const { config, problems } = await loadModules(readConfigBytes('pitwall.yaml', Buffer.from(YAML), {}));
  assert.deepEqual(problems, []);
  const chain = new GraphChain(config!.processors.map(({ plan }) => plan));
  const out: ProcessorOutput[] = await chain.run(0, records());
  return (stream) => out.filter((output) => output.stream === stream).flatMap(({ batch }) => rowsOf(batch));
}

test('metres a second become kilometres an hour in one line', async () => {
  const rows = (await outputs())('kmh/car/2');
  assert.deepEqual(
    rows.map(({ kmh }) => kmh),
    Array.from({ length: 30 }, (_, second) => speedOf(2, second) * 3.6),
  );
});

test('the mean of the last ten seconds of speed stands on each row', async () => {
  const rows = (await outputs())('smooth/car/1');
  assert.equal(rows.length, 30);
  rows.forEach(({ timeUs, speed, speed_10s }, second) => {
    assert.equal(timeUs, second * S);
    assert.equal(speed, speedOf(1, second));
    const last = Array.from({ length: Math.min(10, second + 1) }, (_, i) => speedOf(1, second - i));
    assert.ok(Math.abs((speed_10s as number) - last.reduce((a, b) => a + b) / last.length) < 1e-9);
  });
});

test('G-force at 20 Hz meets GPS at 1 Hz on the line between two fixes, and rows without a later fix are let go', async () => {
  const rows = (await outputs())('g_at_speed/car/1');
  // Behind the last fix, at 29 s, there is no line; the row of that very time has it.
  assert.equal(rows.length, 29 * 20 + 1);
  rows.forEach(({ timeUs, speed, g }, i) => {
    const at = i / 20;
    const [before, after] = [Math.floor(at), Math.ceil(at)];
    const expected = speedOf(1, before) + (speedOf(1, after) - speedOf(1, before)) * (at - before);
    assert.equal(timeUs, Math.round(at * S));
    assert.ok(Math.abs((speed as number) - expected) < 1e-9);
    assert.ok(Math.abs((g as number) - 1) < 1e-12);
  });
});

test('rows of both cars come together by lap', async () => {
  const rowsOfLap = await outputs();
  for (const lap of [0, 1, 2, 3]) {
    const speeds = Array.from({ length: Math.min(8, 30 - lap * 8) }, (_, i) =>
      [1, 2].map((car) => speedOf(car, lap * 8 + i)),
    ).flat();
    const rows = rowsOfLap(`laps/${lap}`);
    assert.deepEqual(
      rows.map(({ n, top }) => [n, top]),
      Array.from({ length: Math.ceil(speeds.length / 4) }, (_, w) => {
        const some = speeds.slice(w * 4, w * 4 + 4);
        return [some.length, Math.max(...some)];
      }),
    );
  }
});
