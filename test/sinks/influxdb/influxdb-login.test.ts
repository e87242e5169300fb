import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { StoreFault } from '../../../sinks/delivery/store-fault.js';
import type { InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { lookAtInfluxdb } from '../../../sinks/influxdb/look-at-influxdb.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { recordOf } from '../record-of.js';
import { influxql } from './databases.js';
import { deliver, sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';

/** An InfluxDB 1 that asks for a login, which its configuration takes from the environment. */
process.env.INFLUXDB_HTTP_AUTH_ENABLED = 'true';
const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const ADMIN = basic('admin', 'secret');
const OPTIONS = { measurement: null, tags: null, fields: null, precision: 'ns', integers: 'auto', gzip: true } as const;

test(
  'InfluxDB 1 with a login: credentials and rights are proved when the sink opens, and writing is enough.',
  await influxdb1.needsOwn(),
  async (t) => {
    const server = await influxdb1.start();
    t.after(() => server.stop());
    await influxql(server.url, `CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES`);
    for (const q of [
      'CREATE DATABASE race',
      `CREATE USER writer WITH PASSWORD 'pass wörd:1'`,
      'GRANT WRITE ON race TO writer',
      `CREATE USER nobody WITH PASSWORD 'n'`,
    ]) {
      await influxql(server.url, q, ADMIN);
    }
    const as = (username: string | null, password: string | null): InfluxdbTarget => {
      return { version: 1, url: server.url, database: 'race', username, password };
    };
    const refused = (says: RegExp) => (error: unknown) => {
      assert.ok(error instanceof StoreFault);
      assert.equal(error.kind, 'setup');
      assert.match(error.message, says);
      assert.ok(!error.message.includes('wrong-one'));
      return true;
    };
    await assert.rejects(
      sinkFor(t, { target: as('writer', 'wrong-one') }).sink.open(),
      refused(/the credentials are refused \(401: authorization failed\)/),
    );
    await assert.rejects(
      sinkFor(t, { target: as(null, null) }).sink.open(),
      refused(/the credentials are refused \(401: unable to parse authentication credentials\)/),
    );
    await assert.rejects(
      sinkFor(t, { target: as('nobody', 'n') }).sink.open(),
      refused(/may not write here \(403: "nobody" user is not authorized to write to database "race"\)/),
    );

    // A user who may not read cannot be told the stored types beforehand.
    const target = as('writer', 'pass wörd:1');
    const cells = (type: 'i32' | 'f64', offset: number, values: number[]) =>
      recordOf({
        offset,
        tags: { car: '44' },
        times: values.map((_, i) => 10 * offset + i),
        columns: [[field('v', type), values]],
      });
    await deliver(t, { target }, [cells('f64', 0, [0.5])]);
    await deliver(t, { target }, [cells('i32', 1, [6, 7])]);
    const rows = await readPoints({ url: server.url, database: 'race', authorization: ADMIN });
    assert.deepEqual(
      rows.get('imu')!.map(({ v }) => v),
      [0.5, 6, 7],
    );

    const look = await lookAtInfluxdb({ ...OPTIONS, target: as('writer', 'wrong-one') }, 5_000);
    assert.deepEqual(look.faults, [
      `influxdb ${server.url}, database "race": the credentials are refused (401: authorization failed)`,
    ]);
    const found = await lookAtInfluxdb({ ...OPTIONS, target }, 5_000);
    assert.deepEqual([found.faults, found.warnings], [[], []]);
  },
);

test(
  'A server that was restarted since the last request is written to as if nothing had been.',
  await influxdb1.needsOwn(),
  async (t) => {
    delete process.env.INFLUXDB_HTTP_AUTH_ENABLED;
    const server = await influxdb1.start();
    t.after(() => server.stop());
    await influxql(server.url, 'CREATE DATABASE race');
    const target: InfluxdbTarget = { version: 1, url: server.url, database: 'race', username: null, password: null };
    const { sink } = sinkFor(t, { target });
    const row = (offset: number) =>
      recordOf({ offset, tags: { car: '44' }, times: [offset], columns: [[field('v', 'i32'), [offset]]] });
    await sink.open();
    await sink.write([row(0)]);
    await sink.flush(true);
    await server.kill();
    await server.start();
    await sink.write([row(1)]);
    await sink.flush(true);
    const rows = await readPoints({ url: server.url, database: 'race' });
    assert.deepEqual(
      rows.get('imu')!.map(({ v }) => v),
      [0, 1],
    );
  },
);
