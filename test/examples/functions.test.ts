import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { carMessages } from '../../devices/fleet/car-messages.js';
import { Fleet } from '../../devices/fleet/fleet.js';
import { readConfigBytes } from '../../pipeline/config/read-config.js';
import { loadFunctions } from '../../processors/functions/load-functions.js';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { outputRows, packedOf, type Row, rowsOf } from '../processors/telemetry.js';

const file = fileURLToPath(new URL('../../../examples/functions/pitwall.yaml', import.meta.url));
const START_US = 1_714_564_800_000_000;
const SECONDS = 210;
const fleet = new Fleet({ cars: 2, seed: 11, startUs: START_US });

/** What two cars send, with its records, and what the processor of the example makes of it. */
async function run(processor: string, stream: string, rows = 20): Promise<{ sent: Row[]; given: Row[] }[]> {
  const { config, problems } = readConfigBytes(file, readFileSync(file), {});
  assert.deepEqual(problems, []);
  const plans = config!.processors.flatMap((each) => ('plan' in each ? [each.plan as ProcessorPlan] : []));
  const plan = plans.find(({ name }) => name === processor)!;
  const functions = await loadFunctions([plan]);
  return [1, 2].map((car) => {
    const graph = new PartitionGraph([plan], [], { functions });
    const range = { car, fromUs: START_US, toUs: START_US + SECONDS * 1e6, rows };
    const batches = [...carMessages(fleet, range)].map(({ batch }) => batch);
    const its = batches.filter((batch) => batch.stream === `car/${car}/${stream}`);
    const records = its.map((batch, offset): InputRecord => {
      const receivedUs = batch.timeUs[batch.rows - 1]!;
      const common = { key: `car/${car}`, stream: batch.stream, receivedUs, tags: {}, schema: batch.schema };
      return { ...common, offset, kind: 'data', packed: packedOf(batch) };
    });
    return { sent: its.flatMap(rowsOf), given: outputRows(graph.run(records)) };
  });
}

test('gps-distance: the metres are the sum of the arcs between the fixes, and those that the car drove', async () => {
  for (const [i, { sent, given }] of (await run('distance', 'gps')).entries()) {
    assert.equal(given.length, sent.length);
    // The arc by the angle between two directions from the middle of the earth.
    const directions = sent.map(({ lat, lon }) => {
      const [y, x] = [((lat as number) * Math.PI) / 180, ((lon as number) * Math.PI) / 180];
      return [Math.cos(y) * Math.cos(x), Math.cos(y) * Math.sin(x), Math.sin(y)] as const;
    });
    let metres = 0;
    directions.forEach((direction, n) => {
      const last = directions[n - 1];
      if (last) metres += 6_371_008.8 * 2 * Math.asin(Math.hypot(...direction.map((d, k) => d - last[k]!)) / 2);
      assert.ok(Math.abs((given[n]!.distance_m as number) - metres) < 1e-3 + metres * 1e-8, `fix ${n} of car ${i + 1}`);
    });
    const driven = sent.reduce((sum, { speed }) => sum + (speed as number) / 10, 0);
    assert.ok(Math.abs(metres / driven - 1) < 0.01, `${metres} m, by its speed ${driven} m`);
  }
});

test('laps: a car crosses the line when its lap counter changes, and a lap takes as long as the circuit at its pace', async () => {
  const laps = await run('laps', 'gps');
  const engines = await run('shifts', 'engine');
  laps.forEach(({ given }, i) => {
    const { sent } = engines[i]!;
    const changes = sent.filter(({ lap }, n) => n > 0 && lap !== sent[n - 1]!.lap).map(({ timeUs }) => timeUs);
    assert.ok(changes.length >= 2, 'the drive is long enough');
    assert.equal(given.length, changes.length);
    given.forEach(({ timeUs, lap, lap_time_s }, n) => {
      // The counter is read 20 times a second, and the GPS wanders by a metre or two.
      assert.ok(Math.abs(timeUs - changes[n]!) < 120_000, `lap ${n} at ${timeUs}, by the counter ${changes[n]}`);
      assert.equal(lap, n + 1);
      if (n === 0) assert.equal(lap_time_s, null);
      else assert.equal(lap_time_s, (timeUs - given[n - 1]!.timeUs) / 1e6);
      const pace = n === 0 ? 1 : fleet.lapSeconds / (lap_time_s as number);
      assert.ok(pace > 0.955 && pace < 1.005, `a pace of ${pace}`);
    });
  });
});

test('gear-shift: a row for each change of gear, with the revolutions before', async () => {
  for (const { sent, given } of await run('shifts', 'engine', 7)) {
    const wanted: unknown[] = [];
    let since = sent[0]!;
    sent.forEach((row, n) => {
      const last = sent[n - 1];
      if (!last || row.gear === last.gear) return;
      wanted.push([row.timeUs, last.gear, row.gear, last.rpm, (row.timeUs - since.timeUs) / 1e6]);
      since = row;
    });
    assert.ok(wanted.length > 20);
    assert.deepEqual(
      given.map((row) => [row.timeUs, row.from_gear, row.to_gear, row.rpm_before, row.held_s]),
      wanted,
    );
  }
});

test('vibration-alarm: it goes on above one deviation and off below another, one after the other', async () => {
  for (const { sent, given } of await run('vibration', 'imu')) {
    const wanted: unknown[] = [];
    let first = 0;
    let alarm = false;
    sent.forEach((row, n) => {
      while (sent[first]!.timeUs <= row.timeUs - 1e6) first++;
      const inside = sent.slice(first, n + 1).map(({ az }) => az as number);
      const mean = inside.reduce((sum, each) => sum + each, 0) / inside.length;
      const squares = inside.reduce((sum, each) => sum + (each - mean) ** 2, 0);
      const std = inside.length < 2 ? Number.NaN : Math.sqrt(squares / (inside.length - 1));
      if (alarm ? std > 0.36 : !(std >= 0.48)) return;
      alarm = !alarm;
      wanted.push([row.timeUs, alarm]);
    });
    assert.ok(wanted.length >= 4, `${wanted.length} changes`);
    assert.deepEqual(
      given.map((row) => [row.timeUs, row.alarm]),
      wanted,
    );
  }
});
