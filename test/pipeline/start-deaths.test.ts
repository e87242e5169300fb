import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { ByteBudget } from '../../core/byte-budget.js';
import { Logger } from '../../core/logger.js';
import { partitionOf } from '../../core/partitioner.js';
import { Intake } from '../../gateway/intake.js';
import { LiveFeed } from '../../gateway/live-feed.js';
import type { Source } from '../../gateway/source.js';
import { StreamDirectory } from '../../gateway/stream-directory.js';
import { allPartitions, buildLanes, busFolders } from '../../pipeline/build-lanes.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import type { Config } from '../../pipeline/config/config.js';
import { readConfigBytes } from '../../pipeline/config/read-config.js';
import { healthPage } from '../../pipeline/health.js';
import type { LaneReport, LaneTask } from '../../pipeline/lanes/lane.js';
import { Scheduler } from '../../pipeline/scheduler.js';
import { WorkerPool } from '../../processors/worker-pool.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';

const CARS = 8;
const ROWS = 40;
const dir = tempDir('start-deaths');
const deaths = join(dir, 'deaths');
const armed = join(dir, 'armed');

/** Ends its thread once, at a row of car 0, where the file is there. */
const ENDING = `import { existsSync, rmSync } from 'node:fs';
export default (row, { key }) => {
  if (key === 'car/0' && existsSync('${armed}')) {
    rmSync('${armed}');
    process.exit(5);
  }
  return true;
};
`;

const logged: string[] = [];
let ingest: LogBus;
let intake: Intake;
let pool: WorkerPool<LaneTask, LaneReport>;
let scheduler: Scheduler;
let sent = 0;

before(async () => {
  writeFileSync(join(dir, 'ending.mjs'), ENDING);
  const yaml = `
bus: { log: { dir: ./bus, partitions: 2 } }
processors:
  plain: { from: car/{car}/a, steps: [{ filter: n >= 0 }] }
  mapped: { from: car/{car}/a, steps: [{ map: ./ending.mjs }] }
`;
  const reading = readConfigBytes(join(dir, 'pitwall.yaml'), Buffer.from(yaml), {});
  assert.deepEqual(reading.problems, []);
  const config = reading.config as Config;
  ingest = LogBus.open({ dir: busFolders(config).ingest, partitions: 2 });
  const store = new BusGatewayStore(ingest, 'w', 0);
  intake = new Intake({
    store,
    streams: new StreamDirectory(store, [], true),
    budget: new ByteBudget(1 << 28),
    feed: new LiveFeed(),
    logger: new Logger('error'),
  });
  await send();
  process.env.START_DEATHS = deaths;
  writeFileSync(deaths, 'exit\nmemory\nthrow');
  const limits = { silentMs: 30_000, heapMiB: 32, restart: { firstMs: 50, minMs: 10, maxMs: 100 } };
  pool = new WorkerPool(new URL('./start-deaths.js', import.meta.url), 2, 1, limits);
  scheduler = new Scheduler(pool, { logger: new Logger('error', (line) => logged.push(line)), positions() {} });
  await scheduler.start(buildLanes(config, null, allPartitions(config)));
});

after(async () => {
  await scheduler.stop(0);
  await pool.close();
  await ingest.close();
});

/** Rows of all cars, which are on both partitions. */
async function send(): Promise<void> {
  const device: Source = { client: 'device', lastCut: 0, durable() {}, failed() {} };
  for (const end = sent + ROWS; sent < end; sent++) {
    for (let car = 0; car < CARS; car++) {
      const row = { t: 1711111111000 + sent, n: sent };
      intake.accept(device, `car/${car}/a`, Buffer.from(JSON.stringify(row)), null);
    }
  }
  await intake.drain(10_000);
  scheduler?.grew(TELEMETRY_TOPIC);
}

/** Rows that the lanes of a partition must have given, each of its two processors all of them. */
function expected(partition: number): number {
  let cars = 0;
  for (let car = 0; car < CARS; car++) if (partitionOf(`car/${car}`, 2) === partition) cars++;
  assert.ok(cars > 0);
  return 2 * cars * sent;
}

function lanes(partition: number) {
  return scheduler.statuses.filter(({ id }) => id.endsWith(`partition ${partition}`));
}

async function allRows(partition: number): Promise<void> {
  const rows = () => lanes(partition).reduce((sum, { outputRows }) => sum + outputRows, 0);
  await eventually(`all rows of partition ${partition}`, () => rows() === expected(partition)).catch((error: Error) =>
    assert.fail(`${error.message}; ${JSON.stringify(scheduler.statuses)}`),
  );
}

function health(): { status: number; lanes: { id: string; state: string; error: string | null }[] } {
  const { status, body } = healthPage(scheduler.statuses, ingest, []);
  return { status, lanes: JSON.parse(body).lanes };
}

test('a thread that dies while it starts, whatever of, is told of and started again', async () => {
  await allRows(0);
  await allRows(1);
  for (const cause of [/died while it started: exit code 7/, /more than 32 MiB/, /cannot start/]) {
    const lines = logged.filter((line) => cause.test(line));
    assert.equal(lines.length, 1, `${cause} in ${logged.join('\n')}`);
    assert.match(lines[0]!, /mapped partition \d/);
  }
  assert.equal(health().status, 200);
});

test('while a thread dies in every start its lanes say so, and those of the other threads go on', async () => {
  const hit = partitionOf('car/0', 2);
  rmSync(`${deaths}.victim`);
  writeFileSync(deaths, 'always');
  writeFileSync(armed, '');
  await send();
  await eventually('both lanes stand', () =>
    lanes(hit).every(({ state, error }) => state === 'retrying' && /died while it started: exit code 7/.test(error!)),
  ).catch((error: Error) => assert.fail(`${error.message}; ${JSON.stringify(scheduler.statuses)}`));
  await allRows(1 - hit);
  await send();
  await allRows(1 - hit);
  const { status, lanes: told } = health();
  assert.equal(status, 503);
  for (const { id, state, error } of told) {
    if (id.endsWith(`partition ${hit}`)) assert.match(error!, /exit code 7/);
    else assert.deepEqual({ state, error }, { state: 'running', error: null });
  }
});

test('once it starts, its lanes go on from their checkpoints and give each row once', async () => {
  writeFileSync(deaths, '');
  await allRows(partitionOf('car/0', 2));
  await eventually('all is well', () => health().status === 200);
  for (const { error } of health().lanes) assert.equal(error, null);
});
