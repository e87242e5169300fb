import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { allThere, assertAllOnce, send, yamlOf } from './group-scenario.js';

test('rows of all cars come together by the values they are grouped by, each once, also when the process is killed', async () => {
  const dir = tempDir('group');
  const yaml = yamlOf('{ log: { dir: ./bus, partitions: 4 } }');
  const total = 600;
  for (let from = 0; from < total; from += 200) {
    const gateway = await new GatewayProcess(dir, yaml).start();
    await send(gateway, from, from + 200);
    await gateway.kill();
  }
  const gateway = await new GatewayProcess(dir, yaml).start();
  await allThere(dir, total);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  assertAllOnce(dir, total);
});
