import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeBlocks } from '../docs/code-blocks.js';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { mongoCommand } from '../servers/mongo-command.js';
import { mongodb } from '../servers/mongodb-server.js';
import { s3 } from '../servers/s3-server.js';
import type { Document } from '../servers/small-bson.js';
import { uniqueName } from '../servers/unique-name.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { queryPoints } from '../sinks/influxdb/read-points.js';
import { query, TestBucket } from '../sinks/s3/bucket.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

/** What the section of README.md holds: its configuration, and how the data are looked at. */
const section = (language: string) => codeBlocks('README.md', language, 'Into stores');
const CARS = 3;
const SECONDS = 60;

const needs = [await s3.needsShared(), await influxdb1.needsShared(), await mongodb.needsShared()];
const skip = needs.map((need) => need.skip).find((reason) => reason !== false) ?? false;

/** The text with others in the place of some that it holds. */
function withTexts(text: string, others: Readonly<Record<string, string>>): string {
  return Object.entries(others).reduce((all, [from, to]) => {
    assert.ok(all.includes(from), `README.md has ${from}`);
    return all.replace(from, to);
  }, text);
}

test('The three branches of the README take a fleet to S3, InfluxDB and MongoDB, where its queries find it.', {
  skip,
}, async (t) => {
  const [name, dir] = [uniqueName('readme'), tempDir('into-stores')];
  const [store, influx, mongo] = [await s3.shared(), await influxdb1.shared(), await mongodb.shared()];
  const bucket = await new TestBucket(store, name.toLowerCase().replaceAll('_', '-')).make();
  await influxql(influx.url, `CREATE DATABASE "${name}"`);
  const yaml = withTexts(section('yaml')[0]!, {
    'http://127.0.0.1:7070': store.endpoint,
    'bucket: raw': `bucket: ${bucket.name}\n    prefix: raw/`,
    'accessKeyId: pitwall': `accessKeyId: ${store.accessKeyId}`,
    'pitwall-secret': store.secretAccessKey,
    'http://127.0.0.1:8086': influx.url,
    'database: telemetry': `database: ${name}`,
    'mongodb://127.0.0.1:27017': mongo.url,
    'database: race': `database: ${name}`,
  });
  const gateway = new GatewayProcess(
    dir,
    `gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }\nbus: { log: { dir: ./bus } }\n${yaml}`,
  );
  t.after(() => gateway.kill());
  await gateway.start();
  const file = join(dir, 'pitwall.yaml');
  const { code: checked, stdout: found, stderr: faults } = await pitwall(['check', '-c', file, '--connect']);
  assert.equal(checked, 0, `${found}${faults}`);
  const fleet = ['--cars', String(CARS), '--seconds', String(SECONDS), '--to', `mqtt://${gateway.mqtt}`];
  const { code: sent, stderr } = await pitwall(['simulate', ...fleet, '--speed', 'max']);
  assert.equal(sent, 0, stderr);
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  const cars = Array.from({ length: CARS }, (_, n) => String(n + 1));
  const [rows, last] = await bucket.downloaded('raw', async (folder) => {
    const sql = section('sql')[0]!;
    const files = /read_parquet\('(.*?)'\)/.exec(withTexts(sql, { 'data/s3/raw': `${folder}/raw` }))![1];
    return [
      await query(sql.replace('data/s3/raw', `${folder}/raw`)),
      await query(`SELECT car, epoch_us(max(time)) AS us, arg_max(speed, time) AS speed
        FROM read_parquet('${files}') GROUP BY car ORDER BY car`),
    ];
  });
  assert.deepEqual(
    rows.map(({ car, rows: count }) => [car, count]),
    cars.map((car) => [car, BigInt(SECONDS * 10)]),
  );
  for (const { kmh } of rows) assert.ok((kmh as number) > 150 && (kmh as number) < 400, `${kmh} km/h`);

  const [influxShell, mongoShell] = section('sh').filter((code) => code.startsWith('docker exec'));
  const influxQuery = /-execute '(.*)'/.exec(influxShell!)![1]!;
  const series = await queryPoints({ url: influx.url, database: name }, influxQuery);
  assert.deepEqual(
    series.map(({ tags }) => tags),
    cars.map((car) => ({ car })),
  );
  for (const { values } of series) {
    const [, g, kmh] = values[0] as number[];
    assert.ok(g! > 1 && g! < 5 && kmh! > 50 && kmh! < 350, `${g} g, ${kmh} km/h`);
  }

  const [, collection, names] = /db\.(\w+)\.find\(\{\}, \{ (.*) \}\)/.exec(mongoShell!)!;
  const projection = Object.fromEntries(names!.split(', ').map((each) => [each.split(':')[0]!, 1]));
  const command = { find: collection!, filter: {}, projection, sort: { _id: 1 } };
  const { cursor } = await mongoCommand(mongo.url, name, command);
  const documents = (cursor as Document).firstBatch as Document[];
  assert.deepEqual(
    documents.map(({ _id, time, speed }) => [_id, time, speed]),
    last.map(({ car, us, speed }) => [{ car }, new Date(Math.floor(Number(us) / 1000)), speed]),
  );
});
