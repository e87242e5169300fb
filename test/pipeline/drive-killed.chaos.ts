import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { queryRows } from '../support/duckdb.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { needs, sharedPath } from '../support/recordings.js';
import { tempDir } from '../support/temp-dir.js';

const COMMA = 'data/comma2k19-segment';
const STREAMS = ['imu_accelerometer', 'gnss_live_gnss_ublox', 'can_speed'];
const SECONDS = 10;

/** The first ten seconds of three channels, as files of their own. */
function firstSeconds(dir: string): { files: string[]; rows: Map<string, number> } {
  const rows = new Map<string, number>();
  const files = STREAMS.map((name) => {
    const [head, ...lines] = gunzipSync(readFileSync(sharedPath(`${COMMA}/${name}.csv.gz`)))
      .toString()
      .trimEnd()
      .split('\n');
    const kept = lines.filter((line) => Number(line.split(',', 1)[0]) < 46408.58 + SECONDS);
    rows.set(name, kept.length);
    const file = join(dir, `${name}.csv`);
    writeFileSync(file, `${[head, ...kept].join('\n')}\n`);
    return file;
  });
  return { files, rows };
}

async function yaml(): Promise<string> {
  return `
gateway: { mqtt: 127.0.0.1:${await freePort()}, http: 127.0.0.1:${await freePort()} }
bus: { log: { dir: ./bus } }
processors:
  g_at_speed:
    from: car/{car}/imu_accelerometer
    steps:
      - select: [ax, ay]
      - join: { with: "car/{car}/gnss_live_gnss_ublox", how: linear, tolerance: 500ms, wait: 2s, keep: left }
      - columns: { kmh: speed * 3.6, g: sqrt(ax^2 + ay^2) / 9.80665 }
      - select: [kmh, g]
  fast:
    from: g_at_speed
    steps: [ { filter: kmh > 30 } ]
sinks:
  raw: { type: file, from: "#", path: ./out, format: jsonl }
  joined: { type: file, from: [g_at_speed, fast], path: ./joined, format: jsonl }
  archive: { type: file, from: car/+/imu_accelerometer, path: ./archive, format: parquet, roll: { rows: 300 } }
  table: { type: file, from: car/+/imu_accelerometer, path: ./table, format: csv }
`;
}

interface Way {
  name: string;
  to: (gateway: GatewayProcess) => string;
  args: string[];
  kills: number;
}

const ingest = (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`;
const WAYS: Way[] = [
  { name: 'at its own speed', to: ingest, args: ['--speed', '1'], kills: 0 },
  {
    name: 'over MQTT QoS 2, as fast as it goes',
    to: (gateway) => `mqtt://${gateway.mqtt}`,
    args: ['--speed', 'max', '--qos', '2'],
    kills: 0,
  },
  { name: 'at its own speed with five kill -9', to: ingest, args: ['--speed', '1'], kills: 5 },
  {
    name: 'over MQTT QoS 2 with three kill -9',
    to: (gateway) => `mqtt://${gateway.mqtt}`,
    args: ['--speed', '1', '--qos', '2'],
    kills: 3,
  },
];

async function run(way: Way): Promise<Map<string, string>> {
  const dir = tempDir('kill');
  const { files, rows } = firstSeconds(dir);
  const gateway = await new GatewayProcess(dir, await yaml()).start();
  const replay = pitwall(
    [
      'replay',
      ...files,
      '--unit',
      's',
      '--start',
      '2018-08-02T16:14:48Z',
      '--stream',
      'car/c2k/{file}',
      '--client',
      'car-c2k',
      '--batch',
      '5',
      ...way.args,
      '--to',
      way.to(gateway),
    ],
    { timeoutMs: 90_000 },
  );
  let ended = false;
  void replay.then(() => {
    ended = true;
  });
  // A first connection that is refused ends a sender: it may have been told a wrong address.
  const connected = async () => Object.values(await gateway.connections()).some((count) => count > 0);
  if (way.kills > 0) await eventually('it is connected', connected);
  for (let kill = 0; kill < way.kills; kill++) {
    await new Promise((next) => setTimeout(next, 150 + Math.random() * 600));
    // On a slow machine the restarts may outlast the drive; three kills in the middle of it are asked for.
    if (ended && kill >= 3) break;
    assert.ok(!ended, `the replay ended before kill ${kill + 1}`);
    await gateway.kill();
    await gateway.start();
  }
  const result = await replay;
  assert.equal(result.code, 0, result.stderr);
  const joined = join(dir, 'joined/g_at_speed/car/c2k.jsonl');
  const wanted = rows.get('imu_accelerometer')!;
  await eventually(
    'all joined rows',
    () => existsSync(joined) && readFileSync(joined, 'utf8').split('\n').length - 1 >= wanted,
  );
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const out = new Map<string, string>();
  for (const name of STREAMS) {
    const text = readFileSync(join(dir, `out/car/c2k/${name}.jsonl`), 'utf8');
    assert.equal(text.split('\n').length - 1, rows.get(name), `rows of ${name}`);
    out.set(name, text);
  }
  const imu = out
    .get('imu_accelerometer')!
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const columns = imu.map(({ timeUs, recorded_t, ax, ay, az }) => [timeUs, recorded_t, ax, ay, az]);
  const parquet = `read_parquet('${join(dir, 'archive/**/*.parquet')}')`;
  assert.deepEqual(
    await queryRows(`SELECT epoch_us(time), recorded_t, ax, ay, az FROM ${parquet} ORDER BY time`),
    columns,
  );
  const csv = `read_csv('${join(dir, 'table/car/c2k/imu_accelerometer.csv')}')`;
  assert.deepEqual(await queryRows(`SELECT timeUs, recorded_t, ax, ay, az FROM ${csv}`), columns);
  for (const name of ['g_at_speed', 'fast'])
    out.set(name, readFileSync(join(dir, `joined/${name}/car/c2k.jsonl`), 'utf8'));
  return out;
}

test('ten seconds of a drive give the same rows at any speed, over any protocol, and when the gateway is killed', {
  ...needs(COMMA),
  concurrency: WAYS.length,
}, async (t) => {
  const plain = await run({ name: 'plain', to: ingest, args: ['--speed', 'max'], kills: 0 });
  const ways = WAYS.map((way) =>
    t.test(way.name, async () => {
      const rows = await run(way);
      for (const [name, text] of plain) assert.equal(rows.get(name), text, name);
    }),
  );
  await Promise.all(ways);
});
