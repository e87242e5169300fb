import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { mongodb } from '../servers/mongodb-server.js';
import { uniqueName } from '../servers/unique-name.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

interface Line {
  branch: string;
  stream: string;
  bus: number;
  stored: number | null;
  lost: number | null;
  duplicated: number | null;
  waiting: number;
}

const needs = [await influxdb1.needsShared(), await mongodb.needsShared()];
const skip = needs.map((need) => need.skip).find((reason) => reason !== false) ?? false;

test('A fleet goes to InfluxDB, MongoDB and files, its gateway is killed twice, and the audit finds each row once in each.', {
  skip,
}, async (t) => {
  const dir = tempDir('three');
  const name = uniqueName('three');
  const [influx, mongo] = [await influxdb1.shared(), await mongodb.shared()];
  await influxql(influx.url, `CREATE DATABASE "${name}"`);
  const http = `127.0.0.1:${await freePort()}`;
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: off, http: ${http} }
bus: { log: { dir: ./bus } }
processors:
  fast: { from: car/{car}/gps, steps: [ { filter: speed > 20 } ] }
sinks:
  live: { type: influxdb, from: ["car/{car}/+", fast], url: ${influx.url}, database: ${name}, batch: { every: 200ms } }
  documents: { type: mongodb, from: ["car/{car}/+", fast], url: ${mongo.url}, database: ${name}, collection: rows, batch: { every: 200ms } }
  lines: { type: file, from: ["car/{car}/+", fast], path: ./lines }
`,
  );
  t.after(() => gateway.kill());
  await gateway.start();
  const fleet = pitwall(['simulate', '--cars', '3', '--seconds', '12', '--to', `ws://${http}/ingest`, '--speed', '2']);
  for (let kill = 0; kill < 2; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await gateway.kill();
    await gateway.start();
  }
  const { code, stderr } = await fleet;
  assert.equal(code, 0, stderr);
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  const { code: found, stdout, stderr: faults } = await pitwall(['audit', '--json', '-c', join(dir, 'pitwall.yaml')]);
  assert.equal(found, 0, `${stdout}${faults}`);
  const lines = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => 'branch' in line);
  const streams = new Set(lines.map(({ stream }) => stream));
  assert.ok(streams.size >= 9 && streams.has('fast/car/1'), [...streams].join());
  assert.equal(lines.length, 3 * streams.size);
  let rows = 0;
  for (const { branch, stream, bus, stored, lost, duplicated, waiting } of lines) {
    assert.deepEqual(
      { stored, lost, duplicated, waiting },
      { stored: bus, lost: 0, duplicated: 0, waiting: 0 },
      `${branch} ${stream}`,
    );
    rows += bus;
  }
  assert.ok(rows > 3_000, `${rows} rows`);
  t.diagnostic(`${rows} rows in three stores`);
});
