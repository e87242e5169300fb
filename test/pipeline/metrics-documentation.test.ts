import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

const page = fileURLToPath(new URL('../../../docs/operations.md', import.meta.url));

const rows = readFileSync(page, 'utf8').matchAll(/^\| `(pitwall_\w+)` \| (\w+) \|/gm);
const documented = [...rows].map(([, name, type]) => `${name} ${type}`);
const withKafka = documented.filter((metric) => /^pitwall_(spool|partitions|group)_/.test(metric));

async function served(name: string, bus: string): Promise<string[]> {
  const gateway = await new GatewayProcess(
    tempDir(name),
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: ${bus}
sinks: { raw: { type: file, from: "#", path: ./out } }
`,
  ).start();
  const text = await (await fetch(`http://${gateway.http}/metrics`)).text();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  return [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`).sort();
}

test('The metrics in docs/operations.md are those that /metrics serves, with their types.', async () => {
  const metrics = await served('metrics', '{ log: { dir: ./bus } }');
  assert.ok(metrics.length > 0);
  assert.deepEqual(metrics, documented.filter((metric) => !withKafka.includes(metric)).sort());
});

test('With Kafka /metrics also serves those that are documented for it.', needsSharedKafka(), async () => {
  const { brokers } = await sharedKafka();
  const topic = uniqueName('metrics');
  const bus = JSON.stringify({ kafka: { brokers, topic, group: topic, spool: './spool', state: './state' } });
  assert.deepEqual(await served('metrics-kafka', bus), documented.sort());
});
