import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Rows } from '../contract/sink-workload.js';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { influxql } from '../sinks/influxdb/databases.js';
import { readPoints } from '../sinks/influxdb/read-points.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;

test(
  'What devices send is in InfluxDB once, though it was away meanwhile and the gateway was killed; what it refuses is in the dead letters.',
  await influxdb1.needsOwn(),
  async (t) => {
    const server = await influxdb1.start();
    t.after(() => server.stop());
    await influxql(server.url, 'CREATE DATABASE race');
    const dir = tempDir('influxdb-pipeline');
    const yaml = `
gateway: { mqtt: "off", http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 2 } }
streams: { "car/{car}/gps": , "car/{car}/imu": , "box/{box}/laps": }
processors:
  fast: { from: car/{car}/gps, steps: [filter: speed > 30] }
sinks:
  files: { type: file, from: ["#", fast], path: ./out }
  live:
    type: influxdb
    from: ["#", fast]
    url: ${server.url}
    database: race
    integers: integer
    onError: dead-letter
    retry: { first: 50ms, max: 200ms }
    batch: { rows: 300, every: 100ms }
`;
    let gateway = new GatewayProcess(dir, yaml);
    t.after(() => gateway.kill());
    await gateway.start();
    const simulate = (seconds: string, start: string) =>
      pitwall([
        'simulate',
        '--to',
        `ws://${gateway.http}/ingest`,
        '--cars',
        '2',
        '--speed',
        'max',
        '--seconds',
        seconds,
        '--start',
        start,
      ]);
    assert.equal((await simulate('5', '2024-05-01T12:00:00Z')).code, 0);
    await server.kill();
    assert.equal((await simulate('10', '2024-05-01T13:00:00Z')).code, 0);
    await eventually('the gateway says that InfluxDB is away', () => gateway.stderr.includes('ECONNREFUSED'));
    await gateway.kill();
    await server.start();
    gateway = new GatewayProcess(dir, yaml);
    await gateway.start();

    const client = await IngestClient.connect(gateway.http);
    client.send({ stream: 'box/1/laps', seq: 1, t: T, lap: 3 });
    await client.until('the first acknowledgement', () => client.acked >= 1);
    // The column widens, its field does not: the row before is in a batch of its own.
    client.send({ stream: 'box/1/laps', seq: 2, t: T + 1, lap: 3.5 });
    client.send({ stream: 'box/1/laps', seq: 3, t: T + 2, lap: 4 });
    await client.until('the acknowledgement', () => client.acked >= 3);
    await client.close();

    let rows: Rows = new Map();
    const out = join(dir, 'out');
    await eventually('all rows but one are there', async () => {
      rows = await readPoints({ url: server.url, database: 'race' });
      const stored = [...rows.values()].reduce((sum, list) => sum + list.length, 0);
      const laps = rows.get('laps')?.length ?? 0;
      return laps === 2 && stored > 1_000 && stored === rowCount(out) - 1;
    });
    assert.deepEqual(rows.get('laps'), [
      { timeUs: T * 1000, box: '1', lap: 3 },
      { timeUs: (T + 2) * 1000, box: '1', lap: 4 },
    ]);
    const cars = new Set(rows.get('gps')!.map(({ car, stream }) => `${car} ${stream}`));
    assert.equal(cars.size, 2);
    assert.ok(
      [...cars].every((car) => car.endsWith(' undefined')),
      [...cars].join(),
    );
    assert.equal(await gateway.stop(), 0);

    const letters = await pitwall(['dead-letters', 'list', '-c', join(dir, 'pitwall.yaml')]);
    assert.equal(letters.stdout.trim().split('\n').length, 1, letters.stdout);
    assert.match(
      letters.stdout,
      /sink live \(influxdb\): field "lap" of measurement "laps" is stored as integer, and cannot hold 3.5 as it is/,
    );
  },
);
