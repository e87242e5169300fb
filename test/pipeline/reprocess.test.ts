import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { dispatch } from '../../cli/dispatch.js';
import { rowToJson } from '../../columnar/row-json.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import type { Config } from '../../pipeline/config/config.js';
import { loadConfig } from '../../pipeline/config/load-config.js';
import { GraphInput } from '../../pipeline/lanes/graph-input.js';
import { busPoint } from '../../pipeline/reprocess/bus-point.js';
import { type ReprocessOptions, reprocess } from '../../pipeline/reprocess/reprocess.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import { batchOf, schemaOf } from '../processors/telemetry.js';
import { queryRows } from '../support/duckdb.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { jsonLines, rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const PROCESSORS = `
processors:
  place:
    from: car/{car}/imu
    steps: [ { join: { with: "car/{car}/gps", how: linear, wait: 1s, keep: left } } ]
  quick:
    from: place
    steps: [ { columns: { kmh: speed * 3.6 } }, { filter: kmh > 90 } ]
  oil:
    from: car/{car}/temps
    steps: [ { select: [oil] } ]
`;
const RECORDS = 400;
const RECEIVED_US = Date.UTC(2024, 4, 1) * 1000;
const STEP_US = 10_000;

/** A log as a gateway writes it: six cars, some of it late, received every 10 ms. */
async function writeLog(dir: string, partitions = 2): Promise<void> {
  const bus = LogBus.open({ dir: join(dir, 'bus/ingest'), partitions });
  const store = new BusGatewayStore(bus, 'w', 0);
  const imu = schemaOf(['ax', 'f64']);
  const gps = schemaOf(['speed', 'f64']);
  let cut = store.begin();
  for (let i = 0; i < RECORDS; i++) {
    const key = `car/${i % 6}`;
    const isGps = i % 4 === 3;
    const timeUs = RECEIVED_US + i * STEP_US - (i % 7 === 0 ? 200_000 : 0);
    const rows = [0, 1].map((n) => ({ timeUs: timeUs + n * 1000, ax: i + n / 2, speed: i / 10 }));
    const stream = `${key}/${isGps ? 'gps' : 'imu'}`;
    cut.batch(key, batchOf(stream, isGps ? gps : imu, rows), RECEIVED_US + i * STEP_US);
    if (i % 40 !== 39) continue;
    await cut.commit();
    cut = store.begin();
  }
  cut.abandon();
  await bus.close();
}

function configIn(dir: string, processors = PROCESSORS): Promise<Config> {
  const file = join(dir, 'pitwall.yaml');
  writeFileSync(file, `bus: { log: { dir: ./bus, partitions: 2 } }\n${processors}`);
  return loadConfig(file, {});
}

function run(config: Config, since: string, into: string, more: Partial<ReprocessOptions> = {}) {
  return reprocess(config, {
    since: busPoint(since)!,
    until: null,
    processors: [],
    into,
    format: 'jsonl',
    pace: null,
    signal: new AbortController().signal,
    warn() {},
    ...more,
  });
}

/** What a graph gives for the records from some on, written apart from the product: stream → rows as text. */
async function rowsFrom(config: Config, isIn: (record: { offset: number; receivedUs: number }) => boolean) {
  const rows = new Map<string, string>();
  const bus = LogBus.open({ dir: join(config.bus.log.dir, 'ingest'), readOnly: true });
  for (let p = 0; p < 2; p++) {
    const graph = new PartitionGraph(config.processors.map(({ plan }) => plan));
    const input = new GraphInput(bus, [], () => assert.fail());
    const { records } = bus.read(TELEMETRY_TOPIC, p, 0, 1 << 30);
    for (const record of input.of(records.filter(isIn), graph, null)) {
      for (const { batch, tags } of graph.run([record])) {
        for (let i = 0; i < batch.rows; i++) {
          const own = `{"stream":"${batch.stream}","timeUs":${batch.timeUs[i]},"car":"${tags.car}"`;
          const cells = rowToJson(batch, i);
          const line = `${own}${cells ? `,${cells}` : ''}}\n`;
          rows.set(batch.stream, (rows.get(batch.stream) ?? '') + line);
        }
      }
    }
  }
  await bus.close();
  return rows;
}

/** Nulls are written, which rowToJson leaves out. */
const withoutNulls = (files: Map<string, string>) => {
  return new Map([...files].map(([stream, text]) => [stream, text.replaceAll(/,"[^"]+":null/g, '')]));
};

test('The rows of a range are those that its records alone give, by offset and by time of receipt.', async () => {
  const dir = tempDir('reprocess');
  await writeLog(dir);
  const config = await configIn(dir);
  let at = 0;
  const assertSame = async (
    since: string,
    isIn: (record: { offset: number; receivedUs: number }) => boolean,
    more: Partial<ReprocessOptions> = {},
  ) => {
    const into = join(dir, `out-${at++}`);
    const report = await run(config, since, into, more);
    const wanted = await rowsFrom(config, isIn);
    assert.ok(wanted.size >= 3);
    assert.deepEqual(withoutNulls(jsonLines(into)), wanted, since);
    const written = Object.values(report.rows).reduce((sum, rows) => sum + rows, 0);
    assert.equal(written, rowCount(into));
    return report;
  };
  const all = await assertSame('start', () => true);
  assert.equal(all.records, RECORDS);
  assert.deepEqual(
    Object.values(all.read).map(({ from }) => from),
    [0, 0],
  );
  await assertSame('50', ({ offset }) => offset >= 50);
  const middleUs = RECEIVED_US + 150 * STEP_US;
  const untilUs = RECEIVED_US + 300 * STEP_US;
  const some = await assertSame('2024-05-01T00:00:01.5Z', ({ receivedUs }) => receivedUs >= middleUs);
  assert.equal(some.records, RECORDS - 150);
  await assertSame('2024-05-01T00:00:01.5Z', ({ receivedUs }) => receivedUs >= middleUs && receivedUs < untilUs, {
    until: busPoint('2024-05-01T00:00:03Z'),
  });
  // What is paced is cut into other runs, and must not come out differently.
  const seen: number[] = [];
  await assertSame('start', () => true, { pace: async (receivedUs) => void seen.push(receivedUs) });
  assert.ok(seen.length > 20 && seen.every((us, i) => i === 0 || us >= seen[i - 1]! - 200_000));
});

test('Only the named processors are written, in the format asked for, though those they read run too.', async () => {
  const dir = tempDir('reprocess-named');
  await writeLog(dir);
  const config = await configIn(dir);
  const into = join(dir, 'parquet');
  const { rows } = await run(config, 'start', into, { processors: ['quick'], format: 'parquet' });
  assert.deepEqual(Object.keys(rows), ['quick']);
  assert.deepEqual(
    readdirSync(into).filter((name) => !name.startsWith('.')),
    ['quick'],
  );
  const wanted = [...(await rowsFrom(config, () => true))].filter(([stream]) => stream.startsWith('quick/'));
  const count = wanted.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
  const [found] = await queryRows(`select count(*), min(kmh) from '${into}/**/*.parquet'`);
  assert.deepEqual([found![0], (found![1] as number) > 90], [count, true]);
  const csv = join(dir, 'csv');
  await run(config, 'start', csv, { processors: ['quick'], format: 'csv' });
  assert.ok(readdirSync(join(csv, 'quick/car')).every((name) => name.endsWith('.csv')));
});

test('What cannot be done is said, and nothing is written.', async () => {
  const dir = tempDir('reprocess-faults');
  const config = await configIn(dir);
  const into = join(dir, 'out');
  await assert.rejects(run(config, 'start', into), /there is no log in .*bus yet/);
  await writeLog(dir);
  await assert.rejects(
    run(config, 'start', into, { processors: ['qiuck'] }),
    /no processor "qiuck"; did you mean "quick"\?/,
  );
  await assert.rejects(run(config, '100000', into), /there are no records in that range/);
  await assert.rejects(run(config, '2025-01-01', into), /there are no records in that range/);
  assert.deepEqual(readdirSync(dir).sort(), ['bus', 'pitwall.yaml']);
  mkdirSync(join(into, 'x'), { recursive: true });
  await assert.rejects(run(config, 'start', into), /out is not empty/);
  for (const text of ['yesterday', '-5', '1.5', '', '2024-13-01']) assert.equal(busPoint(text), null, text);
  assert.deepEqual(busPoint('12'), { offset: 12 });
  assert.deepEqual(busPoint('20240501'), { timeUs: RECEIVED_US });
});

test('A range whose first records are not kept any more is refused, and says from where on they are.', async () => {
  const dir = tempDir('reprocess-dropped');
  await writeLog(dir);
  const config = await configIn(dir);
  // Everything is old and read: retention drops whole blocks with the next commit.
  const later = Date.now() * 1000 + 1e9;
  const bus = LogBus.open({ dir: join(dir, 'bus/ingest'), partitions: 2, retainUs: 1, nowUs: () => later });
  bus.startRetention();
  const store = new BusGatewayStore(bus, 'w', 0);
  for (let i = 0; i < 2; i++) {
    for (const key of [0, 1, 2, 3, 4, 5].map((car) => `car/${car}`)) {
      const cut = store.begin();
      cut.batch(key, batchOf(`${key}/imu`, schemaOf(['ax', 'f64']), [{ timeUs: later, ax: 1 }]), later);
      await cut.commit();
    }
  }
  const starts = [0, 1].map((p) => bus.start(TELEMETRY_TOPIC, p));
  await bus.close();
  assert.ok(
    starts.every((start) => start > 0),
    String(starts),
  );
  for (const since of ['0', '2024-05-01T00:00:01Z']) {
    await assert.rejects(
      run(config, since, join(dir, 'out')),
      /is kept from offset \d+, received 20.*Z, on, and .* is before that; begin later, or with --since start/,
    );
  }
  const { records } = await run(config, 'start', join(dir, 'out'));
  assert.ok(records > 0 && records <= 12);
});

test('Beside a running gateway and after it, the rows are those of the live branch, and nothing live changes.', async (t) => {
  const dir = tempDir('reprocess-live');
  const yaml = `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
${PROCESSORS}
sinks: { out: { type: file, from: [place, quick, oil], path: ./out } }
`;
  const gateway = await new GatewayProcess(dir, yaml).start();
  t.after(() => gateway.kill());
  const client = await IngestClient.connect(gateway.http);
  const startMs = 1711111111000;
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    for (let car = 0; car < 4; car++) {
      // Some readings are late, and a stop of a second lets rows go without a fix.
      const time = startMs + i * 20 + (i > 200 ? 5000 : 0) - (i % 11 === 0 ? 150 : 0);
      client.send({ stream: `car/${car}/imu`, t: time, ax: i + car / 8 });
      if (i % 5 === 0)
        client.send({ stream: `car/${car}/gps`, t: startMs + i * 20 + (i > 200 ? 5000 : 0), speed: i / 4 + 0.25 });
      if (i % 50 === 0) client.send({ stream: `car/${car}/temps`, t: time, oil: 90 + i, water: 80 });
      sent += 1 + Number(i % 5 === 0) + Number(i % 50 === 0);
    }
    if (i % 30 === 0) await client.until('the answers', () => client.acked === sent);
  }
  await client.until('all answers', () => client.acked === sent);
  await client.close();
  const hasCaughtUp = async () => {
    const page = (await (await fetch(`http://${gateway.http}/health`)).json()) as {
      lanes: { lag: { records: number }; state: string }[];
    };
    return page.lanes.every(({ lag, state }) => state === 'running' && lag.records === 0);
  };
  await eventually('the lanes have caught up', hasCaughtUp, 20_000);
  const replay = async (into: string, ...more: string[]) => {
    const { code, stdout, stderr } = await pitwall(
      ['replay', '--from-bus', '--since', 'start', '--into', into, ...more],
      { cwd: dir },
    );
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { rows: Record<string, number> };
  };
  const { rows } = await replay('beside');
  assert.ok(Object.keys(rows).length === 3);
  const beside = jsonLines(join(dir, 'beside'));
  assert.ok(beside.size === 12 && rowCount(join(dir, 'beside')) > 1500, 'all streams are there');
  await eventually('the live branch has as many', () => rowCount(join(dir, 'out')) >= rowCount(join(dir, 'beside')));
  const live = jsonLines(join(dir, 'out'));
  assert.deepEqual(beside, live);
  const page = await fetch(`http://${gateway.http}/health`);
  assert.equal(page.status, 200, await page.text());
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  await replay('after', '--processor', 'quick', '--processor', 'place');
  const wanted = [...live].filter(([stream]) => !stream.startsWith('oil/'));
  assert.deepEqual([...jsonLines(join(dir, 'after'))], wanted);
  assert.deepEqual(jsonLines(join(dir, 'out')), live);
});

test('Functions of users run over the bus again, rows that they fail for are counted, and group steps bring rows together.', async () => {
  const dir = tempDir('reprocess-functions');
  await writeLog(dir);
  writeFileSync(
    join(dir, 'whole.mjs'),
    `export default (row) => {
  if (row.ax % 1 !== 0) throw new Error('half a reading');
  return { whole: row.ax, kind: row.ax % 3 };
};
`,
  );
  const config = await configIn(
    dir,
    `
processors:
  whole:
    from: car/{car}/imu
    steps: [ { map: ./whole.mjs }, { group: { by: kind } } ]
    onError: dead-letter
`,
  );
  const report = await run(config, 'start', join(dir, 'out'));
  // Three records in four are of the imu, each with one whole reading and one that is none.
  const readings = RECORDS - RECORDS / 4;
  assert.deepEqual([report.rows, report.failedRows], [{ whole: readings }, readings]);
  const lines = jsonLines(join(dir, 'out'));
  assert.deepEqual([...lines.keys()].sort(), ['whole/0', 'whole/1', 'whole/2']);
  const seen: number[] = [];
  for (const [stream, text] of lines) {
    for (const line of text.trimEnd().split('\n')) {
      const { whole, kind } = JSON.parse(line) as { whole: number; kind: number };
      assert.deepEqual([stream, kind], [`whole/${whole % 3}`, whole % 3]);
      seen.push(whole);
    }
  }
  const expected = Array.from({ length: RECORDS }, (_, i) => i).filter((i) => i % 4 !== 3);
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    expected,
  );
});

test('Wrong use of replay --from-bus is said.', async () => {
  const fails = async (args: string[], message: RegExp) => {
    const stderr = new PassThrough();
    const code = await dispatch(['replay', ...args], { stdout: new PassThrough(), stderr, env: {} }, '0');
    assert.equal(code, 2);
    assert.match(String(stderr.read()), message);
  };
  await fails(['--from-bus', '--into', 'x'], /needs --since/);
  await fails(['--from-bus', '--since', 'start'], /needs --into/);
  await fails(['--from-bus', '--since', 'noon', '--into', 'x'], /--since takes a time .* not "noon"/);
  await fails(['--from-bus', '--since', 'start', '--into', 'x', '--to', 'ws://127.0.0.1:1'], /neither FILE nor --to/);
  await fails(['a.csv', '--to', 'ws://127.0.0.1:1', '--into', 'x'], /--into needs --from-bus/);
});
