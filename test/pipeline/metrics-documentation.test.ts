import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

const page = fileURLToPath(new URL('../../../docs/operations.md', import.meta.url));

test('The metrics in docs/operations.md are those that /metrics serves, with their types.', async () => {
  const rows = readFileSync(page, 'utf8').matchAll(/^\| `(pitwall_\w+)` \| (\w+) \|/gm);
  const documented = [...rows].map(([, name, type]) => `${name} ${type}`);
  const gateway = await new GatewayProcess(
    tempDir('metrics'),
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks: { raw: { type: file, from: "#", path: ./out } }
`,
  ).start();
  const text = await (await fetch(`http://${gateway.http}/metrics`)).text();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const served = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  assert.ok(served.length > 0, text);
  assert.deepEqual(documented.sort(), served.sort());
});
