import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { open } from 'lmdb';
import type { Ledger } from '../../pipeline/audit/account.js';
import { streamHash, streamHashOf } from '../../sinks/s3/object-name.js';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { needsSharedKafka, sharedKafka } from '../servers/kafka-server.js';
import { mongodb } from '../servers/mongodb-server.js';
import { s3 } from '../servers/s3-server.js';
import { uniqueName } from '../servers/unique-name.js';
import { Receiver } from '../sinks/http/receiver.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { readCommitted } from '../sinks/kafka/read-committed.js';
import { withMongo } from '../sinks/mongodb/mongo-rows.js';
import { TestBucket } from '../sinks/s3/bucket.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { sendRows, timeMs } from './car-rows.js';

const ROWS = 60;
const needs = [
  await influxdb1.needsShared(),
  await mongodb.needsShared(),
  await s3.needsShared(),
  needsSharedKafka(),
] as const;
const skip = needs.map((need) => need.skip).find((reason) => reason !== false) ?? false;

test('The audit tells what somebody takes out of or doubles in each kind of store, which stores cannot be asked, and which are away.', {
  skip,
}, async (t) => {
  const dir = tempDir('audit-stores');
  const name = uniqueName('audit');
  const [influx, mongo, { brokers }] = [await influxdb1.shared(), await mongodb.shared(), await sharedKafka()];
  const bucket = await new TestBucket(await s3.shared(), 'audit-stores').make();
  const receiver = await new Receiver().start();
  t.after(() => receiver.stop());
  await influxql(influx.url, `CREATE DATABASE "${name}"`);
  const { endpoint, region, accessKeyId, secretAccessKey } = bucket.address;
  const configuration = (influxUrl: string) => `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 3 } }
streams: { "car/{car}/a": {} }
sinks:
  objects: { type: s3, from: "#", endpoint: ${endpoint}, region: ${region}, bucket: ${bucket.name}, prefix: ${name}/, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey}, pathStyle: true, roll: { rows: 10 } }
  messages: { type: kafka, from: "#", brokers: [${brokers.join(', ')}], topic: ${name}, format: avro, partitions: 2 }
  latest: { type: mongodb, from: "#", url: ${mongo.url}, database: ${name}, collection: latest, mode: upsert, key: [n] }
  points: { type: influxdb, from: "#", url: ${influxUrl}, database: ${name}, precision: ms }
  hook: { type: http, from: "#", url: ${receiver.origin}/rows }
  rows: { module: ${join(process.cwd(), 'examples/sinks/lmdb-rows.ts')}, from: "#", options: { path: ${dir}/rows.lmdb } }
`;
  const gateway = new GatewayProcess(dir, configuration(influx.url));
  t.after(() => gateway.kill());
  await gateway.start();
  // Each time at least an object is closed.
  for (let n = 0; n < ROWS; n += 20) await sendRows(gateway, 2, n, n + 20);
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  const audit = async () => {
    const { code, stdout, stderr } = await pitwall(['audit', '--json', '-c', join(dir, 'pitwall.yaml')]);
    const lines = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Ledger & { unasked?: string });
    return { code, stderr, lines };
  };
  const counts = (lines: readonly Ledger[]) =>
    lines.flatMap(({ branch, stream, bus, stored, lost, duplicated, waiting }) =>
      stream && branch ? [`${branch} ${stream} ${bus} ${stored} ${lost} ${duplicated} ${waiting}`] : [],
    );
  const good = await audit();
  assert.equal(good.code, 0, good.stderr);
  const whole = (branch: string, stored: number | null = ROWS) => {
    const none = stored === null ? null : 0;
    return ['car/0/a', 'car/1/a'].map((stream) => `${branch} ${stream} ${ROWS} ${stored} ${none} ${none} 0`);
  };
  const latest = good.lines.filter(({ branch, stream }) => branch === 'latest' && stream);
  assert.deepEqual(
    counts(good.lines).filter((line) => !line.startsWith('latest ')),
    [...whole('objects'), ...whole('messages'), ...whole('points'), ...whole('hook', null), ...whole('rows')],
  );
  assert.deepEqual(
    latest.map(({ lost, duplicated, stored, overwritten }) => [lost, duplicated, stored! + overwritten]),
    [
      [0, 0, ROWS],
      [0, 0, ROWS],
    ],
  );
  assert.equal(latest[0]!.stored! + latest[1]!.stored!, ROWS, 'a row of each key');
  assert.deepEqual(
    good.lines.flatMap(({ branch, unasked }) => (unasked ? [[branch, unasked]] : [])),
    [['hook', 'what the receiver of the requests does with the rows is not known']],
  );

  const [, object] = (await bucket.keys(name)).filter((key) => streamHashOf(key) === streamHash('car/0/a')).sort();
  const inObject = Number((await bucket.get(object!)).metadata.rows);
  await bucket.delete(object!);
  const message = (await readCommitted(brokers, name)).find(({ headers }) => headers.stream === 'car/1/a')!;
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const { key, value, headers } = message;
  await producer.send({ topic: name, messages: [1, 2].map(() => ({ key, value, headers })) });
  await producer.disconnect();
  const gone = await withMongo(mongo.url, async (client) => {
    const found = client.db(name).collection('latest');
    const { stream } = (await found.findOneAndDelete({ '_id.n': 7n } as object))!;
    return stream as string;
  });
  const q = `DELETE FROM "a" WHERE car = '1' AND time < ${timeMs(4)}000000`;
  await fetch(`${influx.url}/query?db=${name}`, { method: 'POST', body: new URLSearchParams({ q }) });
  const database = open<string, string>({ path: join(dir, 'rows.lmdb'), encoding: 'string' });
  const [row] = [...database.getRange()].filter(({ value: line }) => line.includes('"car/0/a"'));
  await database.remove(row!.key);
  await database.close();

  const bad = await audit();
  assert.equal(bad.code, 1);
  const wrong = bad.lines.filter(({ lost, duplicated }) => lost || duplicated);
  assert.deepEqual(
    wrong.map(({ branch, stream, lost, duplicated }) => [branch, stream, lost, duplicated]),
    [
      ['objects', 'car/0/a', inObject, 0],
      ['messages', 'car/1/a', 0, 2],
      ['latest', gone, 1, 0],
      ['points', 'car/1/a', 4, 0],
      ['rows', 'car/0/a', 1, 0],
    ],
  );
  assert.match(
    bad.stderr,
    /^objects: an object is missing before \S+, that with the row 0 of offset \d+ as its first\n$/,
  );

  const away = join(dir, 'away.yaml');
  writeFileSync(away, configuration(`http://127.0.0.1:${await freePort()}`));
  const { code, stdout, stderr } = await pitwall(['audit', 'points', 'hook', '-c', away]);
  assert.equal(code, 1);
  assert.match(stderr, /^points: influxdb http\S+, database "\S+" does not answer: .*\n$/);
  assert.deepEqual(stdout.split('\n'), [
    ...['car/0/a', 'car/1/a'].map((stream) => `points  ${stream}  60 on the bus`),
    'hook: the store cannot be asked: what the receiver of the requests does with the rows is not known',
    ...['car/0/a', 'car/1/a'].map((stream) => `hook  ${stream}  60 on the bus`),
    '',
  ]);
});
