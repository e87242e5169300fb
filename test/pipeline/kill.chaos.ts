import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { queryRows } from '../support/duckdb.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { jsonLines, lineCount } from '../support/jsonl-files.js';
import { random } from '../support/random.js';
import { tempDir } from '../support/temp-dir.js';

/** PITWALL_CHAOS_SEED repeats a run: the same readings, and kills after the same waits. */
const SEED = Number(process.env.PITWALL_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SECONDS = 110;
const START = '2024-05-01T12:00:00Z';
/** Two fleets, each by a protocol that stores nothing twice. */
const FLEETS = [
  { prefix: 'car', cars: 3, to: (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`, args: [] },
  { prefix: 'truck', cars: 2, to: (gateway: GatewayProcess) => `mqtt://${gateway.mqtt}`, args: ['--qos', '2'] },
];

interface Report {
  messages: number;
  acknowledged: number;
  rejected: number;
  rows: number;
  rowsAcknowledged: number;
  reconnects: number;
}

async function yaml(): Promise<string> {
  return `
gateway: { mqtt: 127.0.0.1:${await freePort()}, http: 127.0.0.1:${await freePort()} }
bus: { log: { dir: ./bus } }
processors:
  g_at_position:
    from: "{kind}/{car}/imu"
    steps:
      - join: { with: "{kind}/{car}/gps", how: linear, tolerance: 2s, wait: 5s, keep: left }
      - columns: { kmh: speed * 3.6, force: sqrt(ax^2 + ay^2) / 9.80665 }
sinks:
  raw: { type: file, from: "#", path: ./raw, format: jsonl }
  archive: { type: file, from: "#", path: ./archive, format: parquet, roll: { rows: 3000, every: 10s } }
  joined: { type: file, from: g_at_position, path: ./joined, format: jsonl }
  joined_archive: { type: file, from: g_at_position, path: ./joined-archive, format: parquet, roll: { rows: 3000 } }
`;
}

const sleep = (ms: number) => new Promise((next) => setTimeout(next, ms));

/** Kills the gateway again and again until `done`; every fifth time or so while it still starts. Returns the kills. */
async function killUntil(gateway: GatewayProcess, done: () => boolean, next: () => number): Promise<number> {
  let kills = 0;
  while (true) {
    const waitMs = 2000 + next() * 5000;
    for (let waited = 0; waited < waitMs && !done(); waited += 100) await sleep(Math.min(100, waitMs - waited));
    if (done()) return kills;
    await gateway.kill();
    kills++;
    while (next() < 0.2) {
      const starting = gateway.start().catch(() => 'killed');
      await sleep(next() * 600);
      await gateway.kill();
      await starting;
      kills++;
    }
    await gateway.start();
  }
}

/** Rows and different times of each stream in Parquet files. */
async function parquetCounts(dir: string): Promise<unknown[][]> {
  const files = `read_parquet('${dir}/**/*.parquet', union_by_name = true)`;
  return queryRows(`SELECT stream, count(*), count(DISTINCT time) FROM ${files} GROUP BY 1 ORDER BY 1`);
}

/** Each stream's times ascend without an equal pair; returns the same triples as `parquetCounts`. */
function checkedCounts(streams: Map<string, string>): unknown[][] {
  return [...streams].map(([stream, text]) => {
    let lastUs = 0;
    for (const line of text.trimEnd().split('\n')) {
      const row = JSON.parse(line) as { stream: string; timeUs: number };
      assert.equal(row.stream, stream);
      assert.ok(row.timeUs > lastUs, `${stream}: ${row.timeUs} after ${lastUs}`);
      lastUs = row.timeUs;
    }
    return [stream, lineCount(text), lineCount(text)];
  });
}

async function drive(kill: boolean) {
  const dir = tempDir('chaos');
  const gateway = await new GatewayProcess(dir, await yaml()).start();
  const shared = ['--seconds', String(SECONDS), '--start', START, '--seed', String(SEED)];
  const speed = ['--speed', kill ? '1' : 'max'];
  const runs = FLEETS.map(({ prefix, cars, to, args }) =>
    pitwall(
      [
        'simulate',
        '--prefix',
        prefix,
        '--cars',
        String(cars),
        '--client',
        `chaos-${prefix}`,
        '--to',
        to(gateway),
      ].concat(shared, speed, args),
      { timeoutMs: (SECONDS + 120) * 1000 },
    ),
  );
  let ended = 0;
  for (const run of runs) void run.then(() => ended++);
  const next = random(SEED);
  const kills = kill ? await killUntil(gateway, () => ended === runs.length, next) : 0;
  const reports = (await Promise.all(runs)).map(({ code, stdout, stderr }, i): Report => {
    assert.equal(code, 0, `${FLEETS[i]!.prefix}: ${stdout} ${stderr}`);
    return JSON.parse(stdout);
  });
  const imuRows = FLEETS.reduce((sum, { cars }) => sum + cars * SECONDS * 100, 0);
  const joined = join(dir, 'joined');
  const joinedRows = () => [...jsonLines(joined).values()].reduce((sum, text) => sum + lineCount(text), 0);
  await eventually('all joined rows', () => existsSync(joined) && joinedRows() >= imuRows, 60_000);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  return { dir, reports, kills, imuRows, raw: jsonLines(join(dir, 'raw')), joined: jsonLines(joined) };
}

test(`a gateway that is killed every few seconds stores and joins each row exactly once (PITWALL_CHAOS_SEED=${SEED})`, async (t) => {
  const killed = await drive(true);
  t.diagnostic(`seed ${SEED}: ${killed.kills} kills, ${JSON.stringify(killed.reports)}`);
  assert.ok(killed.kills >= 10, `only ${killed.kills} kills`);
  for (const [i, { prefix }] of FLEETS.entries()) {
    const { messages, acknowledged, rejected, rows, rowsAcknowledged, reconnects } = killed.reports[i]!;
    assert.deepEqual([acknowledged, rejected, rowsAcknowledged], [messages, 0, rows]);
    assert.ok(reconnects > 0, `${prefix} was never cut off`);
    const texts = [...killed.raw].filter(([stream]) => stream.startsWith(`${prefix}/`));
    assert.equal(
      texts.reduce((sum, [, text]) => sum + lineCount(text), 0),
      rows,
      `rows of ${prefix} in the files`,
    );
  }
  assert.deepEqual(await parquetCounts(join(killed.dir, 'archive')), checkedCounts(killed.raw));
  assert.deepEqual(await parquetCounts(join(killed.dir, 'joined-archive')), checkedCounts(killed.joined));

  const untouched = await drive(false);
  assert.deepEqual(
    untouched.reports.map(({ rows }) => rows),
    killed.reports.map(({ rows }) => rows),
  );
  for (const kind of ['raw', 'joined'] as const) {
    assert.deepEqual([...killed[kind].keys()], [...untouched[kind].keys()]);
    for (const [stream, text] of untouched[kind])
      assert.ok(killed[kind].get(stream) === text, `${kind} ${stream} differs`);
  }
  const rows = (dir: string) =>
    `SELECT * FROM read_parquet('${dir}/joined-archive/**/*.parquet', union_by_name = true)`;
  for (const [a, b] of [
    [killed.dir, untouched.dir],
    [untouched.dir, killed.dir],
  ])
    assert.deepEqual(await queryRows(`SELECT count(*) FROM (${rows(a!)} EXCEPT ${rows(b!)})`), [[0]]);
});
