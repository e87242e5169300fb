import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../../columnar/batch.js';
import { carMessages } from '../../../devices/fleet/car-messages.js';
import { Fleet } from '../../../devices/fleet/fleet.js';
import { jsonPayload } from '../../../devices/senders/json-payload.js';

const START_US = 1_714_564_800_000_000;
const SECOND = 1e6;
const fleet = new Fleet({ cars: 3, seed: 7, startUs: START_US });
const streamOf = (name: string) => fleet.streams.find((stream) => stream.name === name)!;

function drive(car: number, name: string, fromS: number, toS: number): Batch {
  return fleet.batch(car, streamOf(name), START_US + fromS * SECOND, START_US + toS * SECOND)!;
}

function cells(batch: Batch, name: string): number[] {
  return Array.from(batch.columns[batch.schema.indexOf(name)]!.values.subarray(0, batch.rows) as Float64Array, Number);
}

/** Metres east and north of the first fix. */
function metres(gps: Batch): { east: number[]; north: number[] } {
  const lat = cells(gps, 'lat');
  const lon = cells(gps, 'lon');
  const degree = (Math.PI / 180) * 6_371_008.8;
  const shrink = Math.cos((lat[0]! * Math.PI) / 180);
  return { east: lon.map((x) => (x - lon[0]!) * degree * shrink), north: lat.map((y) => (y - lat[0]!) * degree) };
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const within = (actual: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);

test('the same seed gives the same bytes, another seed and another car others', () => {
  const again = new Fleet({ cars: 3, seed: 7, startUs: START_US });
  const other = new Fleet({ cars: 3, seed: 8, startUs: START_US });
  for (const stream of fleet.streams) {
    const range = [START_US, START_US + 20 * SECOND] as const;
    const text = jsonPayload(fleet.batch(2, stream, ...range)!);
    assert.equal(jsonPayload(again.batch(2, stream, ...range)!), text);
    assert.notEqual(jsonPayload(other.batch(2, stream, ...range)!), text);
    assert.notEqual(jsonPayload(fleet.batch(1, stream, ...range)!), text);
  }
});

test('any cut of a range gives the same rows as the whole', () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 12 * SECOND }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...fleet.streams), cuts, (stream, inner) => {
      const edges = [0, ...inner.sort((a, b) => a - b), 12 * SECOND];
      const whole = fleet.batch(1, stream, START_US, START_US + 12 * SECOND)!;
      const times: number[] = [];
      const values: number[][] = whole.columns.map(() => []);
      for (let i = 1; i < edges.length; i++) {
        const part = fleet.batch(1, stream, START_US + edges[i - 1]!, START_US + edges[i]!);
        if (!part) continue;
        times.push(...part.timeUs);
        part.columns.forEach((column, c) => {
          values[c]!.push(...(column.values as Float64Array));
        });
      }
      assert.deepEqual(times, [...whole.timeUs]);
      assert.deepEqual(
        values,
        whole.columns.map((column) => [...(column.values as Float64Array)]),
      );
    }),
    { numRuns: 60 },
  );
});

test('rates are exact and times ascend in whole microseconds', () => {
  for (const stream of fleet.streams) {
    const batch = fleet.batch(3, stream, START_US, START_US + 60 * SECOND)!;
    assert.equal(batch.rows, 60 * stream.rateHz, stream.name);
    const period = SECOND / stream.rateHz;
    batch.timeUs.forEach((timeUs, i) => {
      assert.ok(Number.isInteger(timeUs));
      if (i > 0) assert.equal(timeUs - batch.timeUs[i - 1]!, period);
    });
  }
});

test('a lap takes about 90 seconds, ends where it began, and is counted', () => {
  within(fleet.lapSeconds, 90, 5, 'seconds a lap');
  const gps = drive(1, 'gps', 0, 200);
  const { east, north } = metres(gps);
  const laps = drive(1, 'engine', 0, 200);
  const lap = cells(laps, 'lap');
  const starts = lap.flatMap((n, i) => (i > 0 && n !== lap[i - 1] ? [i] : []));
  assert.equal(starts.length, 2);
  const lapRows = (starts[1]! - starts[0]!) / 2;
  const ten = Math.round(lapRows);
  within(Math.hypot(east[ten]! - east[0]!, north[ten]! - north[0]!), 0, 12, 'metres between laps');
  const length = east
    .slice(0, ten)
    .reduce((sum, x, i) => (i === 0 ? 0 : sum + Math.hypot(x - east[i - 1]!, north[i]! - north[i - 1]!)), 0);
  within(length, 4900, 80, 'metres a lap');
});

test('speed and heading agree with the way from fix to fix', () => {
  const gps = drive(2, 'gps', 0, 95);
  const { east, north } = metres(gps);
  const speed = cells(gps, 'speed');
  const heading = cells(gps, 'heading');
  for (let i = 1; i < gps.rows - 1; i++) {
    const dx = east[i + 1]! - east[i - 1]!;
    const dy = north[i + 1]! - north[i - 1]!;
    within(Math.hypot(dx, dy) / 0.2, speed[i]!, 1.2, `speed at row ${i}`);
    const course = (Math.atan2(dx, dy) * 180) / Math.PI;
    const off = ((heading[i]! - course + 540) % 360) - 180;
    within(off, 0, 1.5, `heading at row ${i}`);
  }
  assert.ok(Math.min(...speed) > 20 && Math.max(...speed) < 90);
  assert.ok(heading.every((degrees) => degrees >= 0 && degrees < 360));
});

test('the accelerations are those of the speed and of the turn', () => {
  const imu = drive(2, 'imu', 0, 95);
  const gps = drive(2, 'gps', 0, 95);
  const speed = cells(gps, 'speed');
  const [ax, ay, az, gz] = ['ax', 'ay', 'az', 'gz'].map((name) => cells(imu, name)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const near = (i: number, values: number[]) => {
    const at = imu.timeUs.findIndex((timeUs) => timeUs >= gps.timeUs[i]!);
    return mean(values.slice(at - 10, at + 11));
  };
  for (let i = 3; i < gps.rows - 3; i += 7) {
    within(near(i, ax), (speed[i + 1]! - speed[i - 1]!) / 0.2, 2, `ax at fix ${i}`);
    within(near(i, ay), speed[i]! * near(i, gz), 0.7, `ay at fix ${i}`);
  }
  within(mean(az), -9.80665, 0.1, 'mean az');
  assert.ok(Math.max(...ay.map(Math.abs)) < 26 && Math.min(...ax) > -20);
});

test('the g sensor, the wheels and the gearbox agree with imu and gps', () => {
  const g = drive(1, 'g', 0, 30);
  const imu = drive(1, 'imu', 0, 30);
  within(mean(cells(g, 'lon')) * 9.80665, mean(cells(imu, 'ax')), 0.1, 'mean along');
  within(mean(cells(g, 'lat')) * 9.80665, mean(cells(imu, 'ay')), 0.1, 'mean across');
  const wheels = drive(1, 'wheels', 0, 30);
  const gps = drive(1, 'gps', 0, 30);
  within((mean(cells(wheels, 'fl')) + mean(cells(wheels, 'fr'))) / 2, mean(cells(gps, 'speed')), 0.3, 'front wheels');
  const engine = drive(1, 'engine', 0, 95);
  const rpm = cells(engine, 'rpm');
  const gear = cells(engine, 'gear');
  assert.ok(
    rpm.every((r) => r > 5000 && r < 11_700),
    `rpm ${Math.min(...rpm)} to ${Math.max(...rpm)}`,
  );
  assert.ok(gear.every((n) => Number.isInteger(n) && n >= 1 && n <= 6));
  assert.ok(new Set(gear).size >= 3);
});

test('temperatures stay in the range of a car that runs well, and rise from cold', () => {
  const temps = drive(1, 'temps', 0, 600);
  const oil = cells(temps, 'oil');
  assert.ok(mean(oil.slice(-60)) > mean(oil.slice(0, 60)) + 10);
  assert.ok(oil.every((degrees) => degrees > 70 && degrees < 125));
  assert.ok(cells(temps, 'brakes').every((degrees) => degrees > 200 && degrees < 800));
});

test('messages hold each row once, in the order the car has them, and no later than it has them', () => {
  const from = START_US + 3 * SECOND;
  const to = START_US + 8.5 * SECOND;
  let previous = 0;
  const rows = new Map<string, number[]>();
  for (const { batch, dueUs } of carMessages(fleet, { car: 1, fromUs: from, toUs: to, rows: 7 })) {
    assert.ok(dueUs >= previous);
    assert.ok(batch.rows <= 7 && batch.timeUs[batch.rows - 1]! < dueUs);
    previous = dueUs;
    rows.set(batch.stream, [...(rows.get(batch.stream) ?? []), ...batch.timeUs]);
  }
  for (const stream of fleet.streams) {
    assert.deepEqual(rows.get(`car/1/${stream.name}`), [...fleet.batch(1, stream, from, to)!.timeUs]);
  }
});
