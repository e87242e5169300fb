import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessSampler } from '../../bench/process-sampler.js';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { mongodb } from '../servers/mongodb-server.js';
import type { Lifecycle } from '../servers/real-servers.js';
import { type S3Address, s3 } from '../servers/s3-server.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { queryPoints } from '../sinks/influxdb/read-points.js';
import { withMongo } from '../sinks/mongodb/mongo-rows.js';
import { query, TestBucket } from '../sinks/s3/bucket.js';
import { eventually } from '../support/eventually.js';
import type { FleetReport } from '../support/fleets.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

/** How long each store is away, and how: killed with -9, or stopped, so that it has its connections and answers nothing. */
export interface Absence {
  seconds: number;
  how: 'killed' | 'silent';
}

const CARS = 3;
/** Of the simulated fleet: 201 rows of each car. */
const ROWS_A_SECOND = 201 * CARS;
const CALM_S = 10;
/** A branch whose store is there is never further behind than in calm times and by so many rows. */
const SLACK_ROWS = 10 * ROWS_A_SECOND;
/**
 * While stores are away the gateway needs next to nothing more; then its threads run at full speed, which takes about as
 * much whether there are 0.4 or 4 million rows to catch up with.
 */
const GROWTH_MIB = 256;
const CATCH_UP_MS = 900_000;
const NAME = 'away';

interface BranchLane {
  id: string;
  state: string;
  lag: { rows: number };
}

interface Health {
  bus: { storedBytes: number };
  lanes: BranchLane[];
}

interface AwayStore {
  branch: string;
  server: Lifecycle;
  /** False from before it goes until it has caught up. */
  isThere: boolean;
  /** Seconds from its return until its branch has no more behind it than in calm times. */
  caughtUpS: number;
  /** Most rows that its branch had behind it. */
  behind: number;
}

export async function needsStores(): Promise<{ skip: string | false }> {
  const needs = await Promise.all([influxdb1, s3, mongodb].map((servers) => servers.needsOwn()));
  return needs.find(({ skip }) => skip !== false) ?? { skip: false };
}

/**
 * A fleet drives at a steady rate, and its rows go to a file and three stores. One store after the other goes away for a
 * while, so that for most of it all three are away, and comes back. In the end each has every row once; meanwhile
 * the branches beside it go on as before, and the gateway needs no more memory the longer it lasts.
 */
export async function storesAway(t: TestContext, { seconds, how }: Absence): Promise<void> {
  const [influx, objects, mongo] = await Promise.all([influxdb1.start(), s3.start(), mongodb.start()]);
  t.after(() => Promise.all([influx, objects, mongo].map((server) => server.kill())));
  await influxql(influx.url, `CREATE DATABASE ${NAME}`);
  const bucket = await new TestBucket(objects as S3Address, NAME).make();
  const dir = tempDir('away');
  const gateway = await new GatewayProcess(dir, yamlOf(influx.url, bucket.address, mongo.url)).start();
  t.after(() => gateway.kill());

  const staggerS = Math.min(20, seconds / 4);
  const stores = [
    { branch: 'live', server: influx },
    { branch: 'archive', server: objects },
    { branch: 'documents', server: mongo },
  ].map((store): AwayStore => ({ ...store, isThere: true, caughtUpS: 0, behind: 0 }));
  const fleet = drive(gateway, CALM_S + seconds + 3 * staggerS + CALM_S);
  fleet.catch(() => {});

  const calm = new ProcessSampler(gateway.pid);
  const usual = await calmLags(gateway);
  calm.stop();
  const memory = new ProcessSampler(gateway.pid);
  t.after(() => memory.stop());
  const watch = new LagWatch(gateway, stores, usual);
  t.after(() => watch.stop());
  await Promise.all(
    stores.map(async (store, i) => {
      await sleep(i * staggerS * 1000);
      await absence(store, { seconds, how }, watch);
    }),
  );
  const report = await fleet;
  await eventually('all rows are stored', async () => {
    return (await healthOf(gateway)).lanes.every(({ lag }) => lag.rows < ROWS_A_SECOND);
  });
  watch.stop();
  memory.stop();
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  const [calmMiB, peakMiB] = [calm, memory].map((sampler) => Math.round(sampler.peakAnonymousBytes / 1024 / 1024));
  t.diagnostic(`${report.rows} rows; RssAnon at most ${calmMiB} MiB before, ${peakMiB} MiB while they were away`);
  for (const { branch, caughtUpS, behind } of stores) {
    t.diagnostic(`${branch}: ${behind} rows behind at most, caught up ${caughtUpS.toFixed(1)} s after its return`);
  }
  t.diagnostic(`the log had ${(watch.logBytes / 1024 / 1024).toFixed(1)} MiB at most`);
  t.diagnostic(`branches with their stores there: ${watch.told()}`);

  const place = { url: influx.url, database: NAME };
  assert.deepEqual(
    {
      lines: rowCount(join(dir, 'lines')),
      live: await pointsIn(place),
      archive: await objectRows(bucket),
      documents: await withMongo(mongo.url, (client) => client.db(NAME).collection('rows').countDocuments()),
    },
    { lines: report.rows, live: report.rows, archive: report.rows, documents: report.rows },
  );
  await assertAudited(dir, report.rows);

  assert.deepEqual(watch.tooFarBehind, []);
  for (const { branch, behind } of stores) {
    assert.ok(behind > (seconds * ROWS_A_SECOND) / 2, `${branch} was away and only ${behind} rows behind`);
  }
  assert.ok(peakMiB! - calmMiB! <= GROWTH_MIB, `RssAnon grew from ${calmMiB} to ${peakMiB} MiB`);
}

function yamlOf(influxUrl: string, { endpoint, accessKeyId, secretAccessKey }: S3Address, mongoUrl: string): string {
  const common = 'from: "#", retry: { first: 200ms, max: 2s }';
  return `
gateway: { mqtt: off, http: 127.0.0.1:0, memory: 32MiB }
bus: { log: { dir: ./bus } }
sinks:
  lines: { type: file, from: "#", path: ./lines }
  live: { type: influxdb, ${common}, timeout: 3s, url: ${influxUrl}, database: ${NAME} }
  archive:
    { type: s3, ${common}, timeout: 3s, endpoint: "${endpoint}", accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey},
      bucket: ${NAME}, prefix: ${NAME}/, memory: 32MiB, roll: { every: 3s } }
  documents: { type: mongodb, ${common}, timeout: 10s, url: "${mongoUrl}", database: ${NAME}, collection: rows }
`;
}

async function drive(gateway: GatewayProcess, seconds: number): Promise<FleetReport> {
  const to = `ws://${gateway.http}/ingest`;
  const { code, stdout, stderr } = await pitwall(
    ['simulate', '--cars', String(CARS), '--seconds', String(Math.ceil(seconds)), '--to', to, '--client', 'fleet'],
    { timeoutMs: (seconds + 120) * 1000 },
  );
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as FleetReport;
  assert.deepEqual([report.rowsAcknowledged, report.rejected], [report.rows, 0], stdout);
  return report;
}

async function absence(store: AwayStore, { seconds, how }: Absence, watch: LagWatch): Promise<void> {
  const { server, branch } = store;
  store.isThere = false;
  if (how === 'killed') await server.kill();
  else server.pause();
  await sleep(seconds * 1000);
  if (how === 'killed') await server.start();
  else server.resume();
  const sinceMs = performance.now();
  await eventually(`${branch} has caught up`, async () => watch.isUpToDate(branch), CATCH_UP_MS);
  store.caughtUpS = (performance.now() - sinceMs) / 1000;
  store.isThere = true;
}

/** How far each branch comes behind while all stores are there. */
async function calmLags(gateway: GatewayProcess): Promise<Map<string, number>> {
  const usual = new Map<string, number>();
  for (let second = 0; second < CALM_S; second++) {
    await sleep(1000);
    for (const [branch, { lag }] of lanesIn(await healthOf(gateway))) {
      usual.set(branch, Math.max(usual.get(branch) ?? 0, lag.rows));
    }
  }
  return usual;
}

async function healthOf({ http }: GatewayProcess): Promise<Health> {
  return (await (await fetch(`http://${http}/health`)).json()) as Health;
}

function lanesIn({ lanes }: Health): Map<string, BranchLane> {
  return new Map(lanes.map((lane) => [lane.id.replace('branch ', ''), lane]));
}

/** Asks the gateway twice a second how far its branches are behind. */
class LagWatch {
  /** Branches that were further behind than they may be while their stores were there. */
  readonly tooFarBehind: string[] = [];
  logBytes = 0;
  private readonly most = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private lanes = new Map<string, BranchLane>();

  constructor(
    private readonly gateway: GatewayProcess,
    private readonly stores: readonly AwayStore[],
    private readonly usual: ReadonlyMap<string, number>,
  ) {
    this.timer = setInterval(() => {
      this.look().catch(() => {});
    }, 500);
  }

  isUpToDate(branch: string): boolean {
    const lane = this.lanes.get(branch);
    return lane?.state === 'running' && lane.lag.rows <= this.usual.get(branch)! + SLACK_ROWS / 2;
  }

  told(): string {
    return [...this.most].map(([branch, rows]) => `${branch} ${rows} (${this.usual.get(branch)} before)`).join(', ');
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const health = await healthOf(this.gateway);
    this.logBytes = Math.max(this.logBytes, health.bus.storedBytes);
    this.lanes = lanesIn(health);
    for (const [branch, { lag }] of this.lanes) {
      const store = this.stores.find((each) => each.branch === branch);
      if (store && !store.isThere) store.behind = Math.max(store.behind, lag.rows);
      else {
        this.most.set(branch, Math.max(this.most.get(branch) ?? 0, lag.rows));
        if (lag.rows > this.usual.get(branch)! + SLACK_ROWS) this.tooFarBehind.push(`${branch}: ${lag.rows} rows`);
      }
    }
  }
}

/** Each point has all fields of its measurement. */
async function pointsIn(place: { url: string; database: string }): Promise<number> {
  const series = await queryPoints(place, 'SELECT count(*) FROM /.*/');
  return series.reduce((sum, { values }) => sum + Math.max(...(values[0]!.slice(1) as number[])), 0);
}

async function objectRows(bucket: TestBucket): Promise<number> {
  return bucket.downloaded(NAME, async (folder) => {
    const [found] = await query(`SELECT count(*)::INTEGER AS rows FROM read_parquet('${folder}/**/*.parquet',
      union_by_name = true, hive_partitioning = false)`);
    return found!.rows as number;
  });
}

interface AuditLine {
  branch?: string;
  stored: number;
  lost: number;
  duplicated: number;
  waiting: number;
}

/** The gateway's own word for it. */
async function assertAudited(dir: string, rows: number): Promise<void> {
  const config = join(dir, 'pitwall.yaml');
  const { code, stdout, stderr } = await pitwall(['audit', '--json', '-c', config], { timeoutMs: 600_000 });
  assert.equal(code, 0, `${stdout}${stderr}`);
  const stored: Record<string, number> = { lines: 0, live: 0, archive: 0, documents: 0 };
  for (const line of stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as AuditLine)) {
    // Lines of the gateway have none.
    if (line.branch === undefined) continue;
    const { lost, duplicated, waiting } = line;
    assert.deepEqual({ lost, duplicated, waiting }, { lost: 0, duplicated: 0, waiting: 0 }, JSON.stringify(line));
    stored[line.branch] = (stored[line.branch] ?? 0) + line.stored;
  }
  for (const [branch, found] of Object.entries(stored)) assert.equal(found, rows, branch);
}
