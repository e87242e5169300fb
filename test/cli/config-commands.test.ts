// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configReference } from '../../pipeline/config/config-reference.js';
import { configSchema } from '../../pipeline/config/config-schema.js';
import { runPitwall } from './run-pitwall.js';

const folder = mkdtempSync(`${tmpdir()}/pitwall-commands-`);
test.after(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const GOOD = `streams: { car/{car}/gps: { rate: 10Hz } }
processors: { fast: { from: car/{car}/gps, steps: [filter: speed > 5] } }
sinks: { out: { type: file, from: fast, path: ./out } }
`;

test('check sums a valid file up on stdout, by default that of the folder it is called in.', async () => {
  put('pitwall.yaml', GOOD);
  assert.deepEqual(await runPitwall(['check'], folder), {
    code: 0,
    stdout: `pitwall.yaml is valid
  gateway: MQTT on 127.0.0.1:1883, HTTP on 127.0.0.1:8080; memory 256.0 MiB
  bus: embedded log, 4 partitions, up to 50.0 GiB
  streams: car/{car}/gps
  processors: fast
  sinks: out (file jsonl)
`,
    stderr: '',
  });
  assert.ok(!existsSync(join(folder, 'data')), 'checking writes nothing');
});

test('check, graph and every other reader end with 78 on an invalid file and print its problems as they are.', async () => {
  const file = put('broken.yaml', 'gateway: { memroy: 1GiB }\nsinks: { s: { type: file, from: fats, path: x } }\n');
  const stderr = `${file}:1:12: gateway.memroy is not a known key; did you mean "memory"?
${file}:2:33: sinks.s.from: "fats" is neither a processor nor a declared stream; a stream pattern holds a / or is "#"
`;
  for (const command of ['check', 'graph']) {
    assert.deepEqual(await runPitwall([command, '-c', file], folder), { code: 78, stdout: '', stderr });
  }
});

test('Warnings go to stderr and stop nothing.', async () => {
  const file = put('warn.yaml', 'sinks: { s: { type: file, from: "#", path: x, roll: {} } }\n');
  const { code, stderr } = await runPitwall(['check', '--config', file], folder);
  assert.equal(code, 0);
  assert.equal(stderr, `${file}:1:47: warning: sinks.s.roll has no effect: jsonl grows one file a stream\n`);
});

test('Variables come from the environment of the process, and a missing one is a problem of the file.', async () => {
  const file = put('variable.yaml', 'workers: ${PITWALL_TEST_WORKERS}\n');
  assert.equal((await runPitwall(['check', '-c', file], folder, { PITWALL_TEST_WORKERS: '2' })).code, 0);
  const { code, stderr } = await runPitwall(['check', '-c', file], folder);
  assert.equal(code, 78);
  assert.match(stderr, /^variable\.yaml:1:10: the variable PITWALL_TEST_WORKERS is not set/);
});

test('check --connect tries the folders, makes none, and fails when one cannot be written.', async () => {
  put('pitwall.yaml', GOOD);
  const good = await runPitwall(['check', '--connect'], folder);
  assert.equal(good.code, 0);
  assert.match(good.stdout, /no servers to reach/);
  assert.match(good.stdout, /bus\.log: the folder can be written\n {2}sinks\.out: the folder can be written\n$/);
  assert.ok(!existsSync(join(folder, 'out')));

  put('taken', '');
  const taken = put('taken.yaml', 'sinks: { s: { type: file, from: "#", path: taken } }\n');
  const bad = await runPitwall(['check', '--connect', '-c', taken], folder);
  assert.equal(bad.code, 1);
  assert.equal(bad.stderr, 'pitwall: sink-failed: sinks.s: there is a file in place of the folder\n');
});

test('check --connect sees that rights are missing.', {
  skip: process.getuid?.() === 0 && 'root may write everywhere',
}, async () => {
  mkdirSync(join(folder, 'locked'));
  chmodSync(join(folder, 'locked'), 0o500);
  const file = put('locked.yaml', 'bus: { log: { dir: locked/bus } }\n');
  const { code, stderr } = await runPitwall(['check', '--connect', '-c', file], folder);
  assert.equal(code, 1);
  assert.equal(stderr, 'pitwall: bus-failed: bus.log: the folder cannot be made (EACCES)\n');
});

test('check sums Kafka up without secrets, and tries the folders of its spool and state.', async () => {
  const file = put(
    'kafka.yaml',
    `bus:
  kafka:
    brokers: [127.0.0.1:9, "localhost:9"]
    topic: race
    spool: spool
    spoolSize: 1GiB
    tls: true
    sasl: { mechanism: plain, username: reader, password: \${PASSWORD} }
    registry: { url: "http://127.0.0.1:9", username: reader, password: "hunter2" }
sinks:
  out: { type: file, from: "#", path: ./out }
  live: { type: kafka, from: "#", brokers: ["127.0.0.1:9"], topic: live, format: avro }
`,
  );
  const { code, stdout, stderr } = await runPitwall(['check', '-c', file], folder, { PASSWORD: 'hunter2' });
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^ {2}bus: Kafka at 127\.0\.0\.1:9, localhost:9 \(tls, sasl plain\); topic race, group pitwall, 12 partitions; spool up to 1\.0 GiB\n/m,
  );
  assert.match(stdout, /^ {2}sinks: out \(file jsonl\), live \(kafka avro\)\n/m);
  assert.doesNotMatch(stdout, /hunter2|reader/);

  const connected = await runPitwall(['check', '--connect', '-c', file], folder, { PASSWORD: 'hunter2' });
  assert.equal(connected.code, 1, 'nobody listens on port 9');
  assert.match(
    connected.stdout,
    /^ {2}bus\.kafka\.spool: the folder can be written\n {2}bus\.kafka\.state: the folder/m,
  );
  assert.match(connected.stderr, /^pitwall: bus-failed: bus\.kafka: .*; sinks\.live: /);
  assert.doesNotMatch(connected.stdout + connected.stderr, /hunter2|no servers to reach/);
});

test('graph draws in Mermaid, text and JSON.', async () => {
  put('pitwall.yaml', GOOD);
  const mermaid = await runPitwall(['graph'], folder);
  assert.match(mermaid.stdout, /^flowchart LR\n[\s\S]* {2}stream1 --> processor1\n {2}processor1 --> sink1\n$/);
  assert.deepEqual(await runPitwall(['graph', '--format', 'mermaid'], folder), mermaid);
  assert.match(
    (await runPitwall(['graph', '--format', 'text'], folder)).stdout,
    /^sink +out <- fast {2}\(file jsonl .\/out\)$/m,
  );
  const { nodes, edges } = JSON.parse((await runPitwall(['graph', '--format', 'json'], folder)).stdout);
  assert.deepEqual([nodes.length, edges.length], [3, 2]);
});

test('schema prints the JSON Schema, and the reference as Markdown.', async () => {
  assert.deepEqual(JSON.parse((await runPitwall(['schema'], folder)).stdout), configSchema());
  assert.equal((await runPitwall(['schema', '--markdown'], folder)).stdout, `${configReference()}\n`);
});
