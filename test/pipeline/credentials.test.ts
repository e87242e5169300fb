import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { readPoints } from '../sinks/influxdb/read-points.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { jsonLines, lineCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';
import { sendRows } from './car-rows.js';

/** An InfluxDB 1 that asks for a login, which its configuration takes from the environment. */
process.env.INFLUXDB_HTTP_AUTH_ENABLED = 'true';
const ADMIN = `Basic ${Buffer.from('admin:secret').toString('base64')}`;

test(
  'A branch whose credentials are refused stands, with no secret in what it says, and goes on by itself once they are right.',
  await influxdb1.needsOwn(),
  async (t) => {
    const server = await influxdb1.start();
    t.after(() => server.stop());
    const as = (q: string) => influxql(server.url, q, ADMIN);
    await influxql(server.url, `CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES`);
    await as('CREATE DATABASE race');
    await as(`CREATE USER pit WITH PASSWORD 'hunter2-long'`);
    await as('GRANT ALL ON race TO pit');
    const dir = tempDir('credentials');
    const gateway = await new GatewayProcess(
      dir,
      `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks:
  lines: { type: file, from: "#", path: ./lines }
  live:
    { type: influxdb, from: car/{car}/a, url: ${server.url}, database: race, username: pit, password: hunter2-long,
      measurement: "{car}", batch: { every: 100ms }, retry: { first: 100ms, max: 500ms } }
`,
    ).start();
    t.after(() => gateway.kill());
    const stored = async () => {
      const rows = await readPoints({ url: server.url, database: 'race', authorization: ADMIN });
      return ['0', '1'].map((car) => (rows.get(car) ?? []).map(({ n }) => n));
    };
    const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
    const filed = () => [...jsonLines(join(dir, 'lines')).values()].map(lineCount);
    await sendRows(gateway, 2, 0, 50);
    await eventually('the first rows', async () => (await stored()).every(({ length }) => length === 50));

    await as(`SET PASSWORD FOR pit = 'another'`);
    await sendRows(gateway, 2, 50, 120);
    await eventually('it is refused', () => gateway.stderr.includes('the credentials are refused'));
    await eventually('all rows in the files beside it', () => filed().every((rows) => rows === 120));
    assert.deepEqual(await stored(), [upTo(50), upTo(50)]);

    await as(`SET PASSWORD FOR pit = 'hunter2-long'`);
    await eventually('all rows', async () => (await stored()).every(({ length }) => length === 120));
    assert.deepEqual(await stored(), [upTo(120), upTo(120)]);
    const health = await (await fetch(`http://${gateway.http}/health`)).text();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.ok(!`${gateway.stderr}${gateway.stdout}${health}`.includes('hunter2'), gateway.stderr);
  },
);
