import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { influxdb1 } from '../servers/influxdb1-server.js';
import { influxdb2 } from '../servers/influxdb2-server.js';
import { uniqueName } from '../servers/unique-name.js';
import { databases2, influxql } from '../sinks/influxdb/databases.js';
import { queryPoints } from '../sinks/influxdb/read-points.js';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';
import { type Finished, runPitwall } from './run-pitwall.js';

const folder = tempDir('check-influxdb');

function check(sink: string): Promise<Finished> {
  const file = `${uniqueName('check')}.yaml`;
  writeFileSync(join(folder, file), `sinks:\n  live: { type: influxdb, from: "#", ${sink} }\n`);
  return runPitwall(['check', '--connect', '-c', file], folder);
}

test(
  'check --connect says what InfluxDB 1 is, what it refuses, and what is missing, and writes nothing.',
  await influxdb1.needsShared(),
  async () => {
    const { url } = await influxdb1.shared();
    const name = uniqueName('looked');
    const missing = await check(`url: "${url}", database: ${name}`);
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      new RegExp(`^pitwall: sink-failed: sinks\\.live: influxdb ${url}, database "${name}": there is no database`),
    );
    assert.match(missing.stderr, /create it: influx -execute 'CREATE DATABASE "looked-/);

    await influxql(url, `CREATE DATABASE "${name}" WITH DURATION 2h`);
    const { code, stdout, stderr } = await check(`url: "${url}", database: ${name}`);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      new RegExp(
        `^ {2}sinks\\.live: influxdb ${url}, database "${name}": it is there and can be written \\(InfluxDB 1\\.`,
        'm',
      ),
    );
    assert.match(
      stderr,
      /^warning: sinks\.live: .* keeps rows for 2h0m0s; it refuses rows whose time is further back\n$/,
    );
    assert.deepEqual(await queryPoints({ url, database: name }, 'SHOW MEASUREMENTS'), []);
  },
);

test(
  'check --connect takes a bucket of InfluxDB 2, and shows no token where it is refused.',
  await influxdb2.needsShared(),
  async () => {
    const { url, org, token } = await influxdb2.shared();
    const name = uniqueName('looked');
    await databases2({ url, org, token }).make(name);
    const found = await check(`version: 2, url: "${url}", org: ${org}, bucket: ${name}, token: ${token}`);
    assert.equal(found.code, 0, found.stderr);
    assert.match(found.stdout, /can be written \(InfluxDB 2\./);
    const refused = await check(`version: 2, url: "${url}", org: ${org}, bucket: ${name}, token: hunter2`);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the credentials are refused \(401: unauthorized access\)\n$/);
    assert.doesNotMatch(refused.stdout + refused.stderr, /hunter2/);
  },
);

test('check --connect says where no InfluxDB answers.', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await check(`url: "${url}", database: race`);
  assert.equal(code, 1);
  assert.match(stderr, /sinks\.live: influxdb http:\S+ database "race": no answer: connect ECONNREFUSED 127/);
});
