import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LogBus } from '../../bus/log/log-bus.js';
import { ByteBudget } from '../../core/byte-budget.js';
import { Logger } from '../../core/logger.js';
import { Intake } from '../../gateway/intake.js';
import { LiveFeed } from '../../gateway/live-feed.js';
import type { Source } from '../../gateway/source.js';
import { StreamDirectory } from '../../gateway/stream-directory.js';
import { allPartitions, buildLanes, busFolders } from '../../pipeline/build-lanes.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import type { Config } from '../../pipeline/config/config.js';
import { readConfigBytes } from '../../pipeline/config/read-config.js';
import { LANE_MODULE } from '../../pipeline/embedded-flow.js';
import type { LaneStatus } from '../../pipeline/lane-status.js';
import type { LaneReport, LaneTask } from '../../pipeline/lanes/lane.js';
import { Scheduler } from '../../pipeline/scheduler.js';
import { WorkerPool } from '../../processors/worker-pool.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';

const CARS = 6;
const ROWS = 40;
const FUNCTIONS = new URL('../../processors/functions/function-definition.js', import.meta.url).href;

/** A processor of each of these modules runs in the one thread, beside one that only filters. */
const MODULES: Record<string, string> = {
  throws: "export default (row) => {\n  throw new Error('cannot take ' + row.n);\n};\n",
  endless: 'export default () => {\n  for (;;);\n};\n',
  endless_load: 'for (;;);\n',
  leaks:
    'const kept = [];\nexport default () => {\n  kept.push(Array.from({ length: 20_000 }, (_, more) => ({ more })));\n  return true;\n};\n',
  exits: 'process.exit(3);\n',
  huge: `import { statefulFunction } from '${FUNCTIONS}';
export default statefulFunction({
  state: { seen: 'utf8' },
  row(row, state) {
    state.seen = 'x'.repeat(1e6);
  },
});
`,
  missing: 'export default () => true;\n',
  broken: 'export default (row => ;\n',
  none: 'export const row = () => true;\n',
};

const dir = tempDir('modules');
let scheduler: Scheduler;
let pool: WorkerPool<LaneTask, LaneReport>;
let ingest: LogBus;
let config: Config;

before(async () => {
  const processors = Object.keys(MODULES).map(
    (name) => `  ${name}: { from: car/{car}/a, steps: [{ map: ./${name}.mjs }] }`,
  );
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(dir, `${name}.mjs`), text);
  const yaml = `
bus: { log: { dir: ./bus, partitions: 1 } }
processors:
  good: { from: car/{car}/a, steps: [{ filter: n >= 0 }] }
${processors.join('\n')}
`;
  const reading = readConfigBytes(join(dir, 'pitwall.yaml'), Buffer.from(yaml), {});
  assert.deepEqual(reading.problems, []);
  config = reading.config as Config;
  // It goes after the file was checked.
  rmSync(join(dir, 'missing.mjs'));
  await fill();
  pool = new WorkerPool(LANE_MODULE, 1, 1, { silentMs: 3_000, heapMiB: 64 });
  scheduler = new Scheduler(pool, { logger: new Logger('error', () => {}), positions() {} });
  await scheduler.start(buildLanes(config, null, allPartitions(config)));
});

after(async () => {
  await scheduler.stop(0);
  await pool.close();
  await ingest.close();
});

async function fill(): Promise<void> {
  ingest = LogBus.open({ dir: busFolders(config).ingest, partitions: 1 });
  const store = new BusGatewayStore(ingest, 'w', 0);
  const intake = new Intake({
    store,
    streams: new StreamDirectory(store, [], true),
    budget: new ByteBudget(1 << 28),
    feed: new LiveFeed(),
    logger: new Logger('error'),
  });
  const device: Source = { client: 'device', lastCut: 0, durable() {}, failed() {} };
  for (let n = 0; n < ROWS; n++) {
    for (let car = 0; car < CARS; car++) {
      intake.accept(device, `car/${car}/a`, Buffer.from(JSON.stringify({ t: 1711111111000 + n, n })), null);
    }
  }
  await intake.drain(10_000);
}

function lanes(processor: string): LaneStatus[] {
  return scheduler.statuses.filter(({ id }) => id.startsWith(`processors ${processor} `));
}

test('a processor beside others whose modules fail in every way gives all its rows', async () => {
  const rows = () => lanes('good').reduce((sum, { outputRows }) => sum + outputRows, 0);
  await eventually('all rows', () => rows() === CARS * ROWS);
  assert.deepEqual(
    lanes('good').map(({ state }) => state),
    ['running'],
  );
});

const FAULTS: [module: string, message: RegExp][] = [
  [
    'throws',
    /^processor throws, steps\[0\], map \S*throws\.mjs:2:9: Error: cannot take 0; at the row 2024-03-22T.* of car\/\d\/a, of record \d+$/,
  ],
  [
    'endless',
    /^processors endless \(modules \S*endless\.mjs\) did not return within 3 s at \S*endless\.mjs:2:3 in processor endless, steps\[0\], map \S*endless\.mjs, at the row 2024-03-22T12:38:31\.000000Z \(timeUs 1711111111000000\) of car\/\d\/a, of record 0, and its thread was ended$/,
  ],
  [
    'endless_load',
    /^loading processors endless_load \(modules \S*endless_load\.mjs\) did not return within 3 s at \S*endless_load\.mjs:1:1,/,
  ],
  [
    'leaks',
    /^its worker thread had more than 64 MiB of objects and was ended, in processors leaks \(modules \S*leaks\.mjs\), last in processor leaks, steps\[0\], map \S*leaks\.mjs, at the row 2024-03-22T.* of car\/\d\/a, of records? \d+( to \d+)?$/,
  ],
  ['exits', /^its worker thread ended, in loading processors exits \(modules \S*exits\.mjs\): exit code 3$/],
  [
    'huge',
    /^processor huge, steps\[0\], map \S*huge\.mjs:5:16: state\.seen has 1000000 bytes, and a field of state holds at most 65536/,
  ],
  ['missing', /^processor missing, steps\[0\], map: \S*missing\.mjs is not there/],
  ['broken', /^processor broken, steps\[0\], map: \S*broken\.mjs:1:24: .*Unexpected/],
  ['none', /^processor none, steps\[0\], map: \S*none\.mjs has no default export; write export default/],
];

for (const [module, message] of FAULTS) {
  test(`the lanes of the module "${module}" say what is wrong, and what it fails for does not come out`, async () => {
    await eventually(
      `its fault, not ${lanes(module)[0]!.error}`,
      () => lanes(module).some(({ error }) => message.test(error ?? '')),
      60_000,
    ).catch((error: Error) => assert.fail(`${error.message}; ${JSON.stringify(lanes(module))}`));
    // One that leaks gives rows until there is no more room.
    if (module !== 'leaks') for (const { outputRows } of lanes(module)) assert.equal(outputRows, 0);
  });
}

test('code that does not return is not tried again', async () => {
  await eventually('both are stopped', () => lanes('endless').some(({ state }) => state === 'stopped'));
});
