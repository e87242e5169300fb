// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { configSchema } from '../../../pipeline/config/config-schema.js';
import { mask, unmask } from '../../../pipeline/config/masked-braces.js';
import { schemaFaults } from './json-schema-faults.js';
import { problemsOf } from './problems-of.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** The values as an editor sees them, were it not for captures without quotes. */
function values(text: string): unknown {
  return JSON.parse(unmask(JSON.stringify(parse(mask(text)))).replaceAll('\\\\$', '$'));
}

test('The JSON Schema accepts the bundled configuration and every example.', () => {
  const examples = readdirSync(join(root, 'examples')).map((folder) => join('examples', folder, 'pitwall.yaml'));
  assert.ok(examples.length >= 2);
  for (const file of ['pitwall.yaml', ...examples]) {
    const faults = schemaFaults(configSchema(), values(readFileSync(join(root, file), 'utf8')), file);
    assert.deepEqual(faults, []);
  }
});

/** What the shape of the file alone shows to be wrong or right; references are the checker's. */
const SHAPES = [
  'gateway: { memory: 1GiB, mqtt: off }',
  'gateway: { memory: 1 GiB }',
  'gateway: { memory: 1 }',
  'gateway: { memroy: 1GiB }',
  'gateway: { tls: { cert: a } }',
  'gateway: { auth: none }',
  'gateway: { auth: { users: a } }',
  'gateway: { mqtt: 1883 }',
  'gateway: { undeclared: maybe }',
  'gateway: { limits: { connections: 0 } }',
  'gateway: { limits: { connections: "${N:-5}" } }',
  'gateway:',
  'gateway: []',
  'streams: { a/b: { rate: 5Hz, time: { field: t } } }',
  'streams: { a/b: { time: { unit: ms } } }',
  'streams: { a/b: }',
  'streams: { a/b: { decoder: csv } }',
  'bus: { log: { whenFull: drop-oldest, partitions: 256 } }',
  'bus: { log: { partitions: 257 } }',
  'bus: { log: { retain: 7 } }',
  'gateway: { ack: bus }',
  'gateway: { ack: kafka }',
  'bus:',
  'bus: { kafka: {} }',
  'bus: { kafka: }',
  'bus: { kafka: { brokers: ["127.0.0.1:9092"] } }',
  'bus: { log: {}, kafka: { brokers: ["127.0.0.1:9092"] } }',
  'bus: { kafka: { brokers: "127.0.0.1:9092, [::1]:9092" } }',
  'bus: { kafka: { brokers: "a:9092, b:9092" } }',
  'bus: { kafka: { brokers: "${BROKERS:-a:9092}" } }',
  'bus: { kafka: { brokers: [] } }',
  'bus: { kafka: { brokers: [9092] } }',
  'bus: { kafka: { brokers: ["a:1"], topic: a.b-c_d } }',
  'bus: { kafka: { brokers: ["a:1"], topic: a/b } }',
  'streams: { "{b}/imu": {} }\nbus: { kafka: { brokers: ["a:1"], topic: "a.{b}" } }',
  'streams: { "{b}/imu": {} }\nbus: { kafka: { brokers: ["a:1"], topic: "a.{b" } }',
  `bus: { kafka: { brokers: ["a:1"], topic: ${'x'.repeat(180)} } }`,
  `bus: { kafka: { brokers: ["a:1"], topic: ${'x'.repeat(181)} } }`,
  'bus: { kafka: { brokers: ["a:1"], tls: true } }',
  'bus: { kafka: { brokers: ["a:1"], tls: yes } }',
  'bus: { kafka: { brokers: ["a:1"], tls: } }',
  'bus: { kafka: { brokers: ["a:1"], tls: {} } }',
  'bus: { kafka: { brokers: ["a:1"], tls: { ca: ca.pem } } }',
  'bus: { kafka: { brokers: ["a:1"], tls: { pfx: x } } }',
  'bus: { kafka: { brokers: ["a:1"], sasl: { mechanism: scram-sha-256, username: a, password: b } } }',
  'bus: { kafka: { brokers: ["a:1"], sasl: { mechanism: oauthbearer, username: a, password: b } } }',
  'bus: { kafka: { brokers: ["a:1"], sasl: { mechanism: scram-sha-256, username: a, password: 5 } } }',
  'bus: { kafka: { brokers: ["a:1"], sasl: { mechanism: scram-sha-256, username: a } } }',
  'bus: { kafka: { brokers: ["a:1"], registry: { url: "http://127.0.0.1:8081" } } }',
  'bus: { kafka: { brokers: ["a:1"], registry: { url: "http://a:b@127.0.0.1:8081" } } }',
  'bus: { kafka: { brokers: ["a:1"], registry: { url: "127.0.0.1:8081" } } }',
  'bus: { kafka: { brokers: ["a:1"], compression: zstd } }',
  'bus: { kafka: { brokers: ["a:1"], replication: 3, retain: 7d, spoolSize: 1GiB, state: s, group: g } }',
  'processors: { p: { from: a/b, steps: [filter: a > 1] } }',
  'processors: { p: { from: [a/b, a/c], steps: [{ select: [a] }, { select: { drop: [b] } }] } }',
  'processors: { p: { from: [], steps: [{ filter: a > 1 }] } }',
  'processors: { p: { from: a/b } }',
  'processors: { p: { from: a/b, steps: [] } }',
  'processors: { p: { from: a/b, steps: [{}] } }',
  'processors: { p: { from: a/b, steps: [{ window: { tumbling: 1s } }] } }',
  'processors: { p: { from: a/b, steps: [{ columns: { a: 1, b: true, c: "x + 1" } }] } }',
  'processors: { p: { from: a/b, steps: [{ columns: { a: [1] } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, how: linear, wait: 0s, prefix: "" } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, how: angle } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { how: linear } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, how: step, channels: { h: angle }, maxGap: 1s, late: correct } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, how: linear, channels: { h: backward } } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, late: stream } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, between: [-2s, 500ms], time: at } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, between: [-2s, 500ms], how: linear } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, between: [-2s] } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, between: [-2s, 0s, 1s] } }] } }',
  'processors: { p: { from: a/b, steps: [{ join: { with: a/c, between: [-2, 0s] } }] } }',
  'processors: { p: { from: a/b, steps: [{ lookup: { on: number } }] } }',
  'processors: { p: { from: a/b, steps: [{ lookup: { file: x.csv } }] } }',
  'processors: { p: { from: a/b, steps: [{ lookup: { file: x.csv, on: [a, b] } }] } }',
  'processors: { p: { from: a/b, use: ./x.js } }',
  'processors: { p: { from: [a/b, a/c], use: ./x.ts, onError: stop } }',
  'processors: { p: { use: ./x.ts } }',
  'processors: { p: { use: "" } }',
  'processors: { p: { use: [./x.ts] } }',
  'processors: { p: { from: a/b, use: ./x.ts, steps: [{ filter: a > 1 }] } }',
  'sinks: { s: { type: file, from: "#", path: out } }',
  'sinks: { s: { type: file, from: "#", path: out, format: parquet, roll: { every: 5s } } }',
  'sinks: { s: { type: file, from: "#" } }',
  'sinks: { s: { type: kafka, from: "a/{car}/#", brokers: ["a:1"], topic: "t-{car}.{stream}" } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"], topic: t, format: avro, rows: batch, partitions: 3 } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"], topic: t, format: jsonl } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"], topic: "t/{car" } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"] } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"], topic: t, path: out } }',
  'sinks: { s: { type: kafka, from: "#", brokers: ["a:1"], topic: t, batch: { rows: 1 } } }',
  'sinks: { s: { type: s3, from: "#", bucket: b } }',
  'sinks: { s: { from: "#", path: out } }',
  'sinks: { s: { type: file, from: "#", path: out, retry: 5 } }',
  'workers: 0',
  'workers: -1',
  'workers: two',
  'worker: 1',
];

test('The JSON Schema and the checker agree on every shape.', () => {
  for (const text of SHAPES) {
    const byChecker = problemsOf(`${text}\n`);
    const bySchema = schemaFaults(configSchema(), values(text));
    assert.equal(
      bySchema.length === 0,
      byChecker.length === 0,
      `${text}\n${bySchema.join('\n')}\n${byChecker.join('\n')}`,
    );
  }
});
