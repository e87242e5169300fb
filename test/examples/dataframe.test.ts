import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../pipeline/config/load-config.js';
import { loadFunctions } from '../../processors/functions/load-functions.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf, tickRecord } from '../processors/telemetry.js';

const folder = fileURLToPath(new URL('../../../examples/dataframe/', import.meta.url));
const T0 = Date.UTC(2024, 2, 22) * 1000;
const SECOND = 1_000_000;

/** A minute: speed goes up and down in 40 s, and the pull turns in 7 s. */
const speedAt = (second: number) => Math.fround(30 - 30 * Math.cos((2 * Math.PI * second) / 40));
const gAt = (i: number): [number, number] => {
  const angle = (2 * Math.PI * i) / 140;
  return [Math.fround(2 * Math.sin(angle)), Math.fround(Math.cos(angle))];
};

function records() {
  const gSchema = schemaOf(['lat', 'f32'], ['lon', 'f32']);
  const gpsSchema = schemaOf(['lat', 'f64'], ['lon', 'f64'], ['speed', 'f32']);
  const out = Array.from({ length: 60 }, (_, second) => {
    const nowUs = T0 + second * SECOND;
    const g = Array.from({ length: 20 }, (_, i): Row => {
      const [lat, lon] = gAt(second * 20 + i);
      return { timeUs: nowUs + i * 50_000, lat, lon };
    });
    const gps: Row[] = [{ timeUs: nowUs, lat: 45 + second / 1000, lon: 9, speed: speedAt(second) }];
    return [dataRecord('car/7/g', gSchema, g, nowUs + SECOND), dataRecord('car/7/gps', gpsSchema, gps, nowUs + SECOND)];
  }).flat();
  const endUs = T0 + 61 * SECOND;
  return [...out, ...Array.from({ length: 8 }, (_, i) => tickRecord(endUs + i * SECOND))];
}

/** The same, from what the README says of it. */
function expected(): Row[] {
  const joined = Array.from({ length: 59 * 20 + 1 }, (_, i) => {
    const second = Math.floor(i / 20);
    const share = (i % 20) / 20;
    const before = speedAt(second);
    // The column is f32, and so is what lies between its cells.
    const speed = Math.fround(before + (speedAt(second + 1) - before) * share);
    return { i, g: Math.hypot(...gAt(i)), kmh: (share === 0 ? before : speed) * 3.6 };
  });
  return joined.flatMap(({ i, g, kmh }) => {
    const last = joined.slice(Math.max(0, i - 199), i + 1);
    const kmh_10s = last.reduce((sum, each) => sum + each.kmh, 0) / last.length;
    return kmh > 5 ? [{ timeUs: T0 + i * 50_000, g, kmh, kmh_10s, hard: g > 1.5, faster: kmh > kmh_10s }] : [];
  });
}

test('The example joins, computes and marks as its text says, from 20 Hz and 1 Hz.', async () => {
  const { processors } = await loadConfig(join(folder, 'pitwall.yaml'), {});
  const plans = processors.map(({ plan }) => plan);
  const graph = new PartitionGraph(plans, [], { functions: await loadFunctions(plans) });
  const rows = outputRows(runGrouped(graph, records(), [1, 5, 3]));
  const wanted = expected();
  assert.ok(wanted.length > 800);
  assert.equal(rows.length, wanted.length);
  for (const [i, want] of wanted.entries()) {
    const row = rows[i]!;
    for (const name of ['timeUs', 'hard', 'faster'] as const)
      assert.equal(row[name], want[name], `${name} of row ${i}`);
    for (const name of ['g', 'kmh', 'kmh_10s'] as const) {
      assert.ok(Math.abs((row[name] as number) - (want[name] as number)) < 1e-4, `${name} of row ${i}`);
    }
  }
  assert.ok(rows.some(({ hard }) => hard === true) && rows.some(({ hard }) => hard === false));
});

test('The launch configuration of the example starts this gateway with the file that runs processors in the main thread.', async () => {
  const { configurations } = JSON.parse(readFileSync(join(folder, '.vscode/launch.json'), 'utf8'));
  const [{ program, args, runtimeArgs }] = configurations;
  const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  assert.equal(resolve(program.replace(/^\$\{workspaceFolder\}/, folder)), main);
  assert.deepEqual([args.slice(0, 2), runtimeArgs], [['run', '-c'], ['--enable-source-maps']]);
  assert.equal((await loadConfig(join(folder, args[2]), {})).workers, 0);
});
