import assert from 'node:assert/strict';
import { test } from 'node:test';
import { influxdb2 } from '../servers/influxdb2-server.js';
import { uniqueName } from '../servers/unique-name.js';
import { databases2 } from '../sinks/influxdb/databases.js';
import { checkInfluxdb as check } from './check-influxdb.js';

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
