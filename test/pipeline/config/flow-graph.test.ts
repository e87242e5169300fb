// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawMermaid, drawText } from '../../../pipeline/config/draw-graph.js';
import { flowGraph } from '../../../pipeline/config/flow-graph.js';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import { readText } from './problems-of.js';

async function graphOf(text: string, environment: Record<string, string> = {}) {
  const { config, root, problems } = await loadModules(readText(text, environment));
  assert.deepEqual(problems, []);
  return flowGraph(config!, root!);
}

const FLOW = `streams:
  car/{car}/imu: { rate: 100Hz }
processors:
  late: { from: early, steps: [{ select: [g] }] }
  early:
    from: car/{car}/imu
    steps:
      - join: { with: car/{car}/gps, how: linear }
      - filter: kmh > 5
sinks:
  all: { type: file, from: ["#", late], path: ./out }
`;

test('The Mermaid drawing has each stream, processor and sink once, and an arrow for each input.', async () => {
  assert.equal(
    drawMermaid(await graphOf(FLOW)),
    `flowchart LR
  stream1(["car/{car}/imu<br/>100 Hz"])
  processor1["late<br/>select"]
  processor2["early<br/>join, filter"]
  stream2(["car/{car}/gps"])
  stream3(["#35;"])
  sink1[("all<br/>file jsonl ./out")]
  processor2 --> processor1
  stream1 --> processor2
  stream2 -. "join linear" .-> processor2
  stream3 --> sink1
  processor1 --> sink1
`,
  );
});

test('The text drawing says of each processor and sink what it takes.', async () => {
  assert.equal(
    drawText(await graphOf(FLOW)),
    `stream    car/{car}/imu  (100 Hz)
stream    car/{car}/gps
stream    #
processor late <- early  (select)
processor early <- car/{car}/imu, join linear car/{car}/gps  (join, filter)
sink      all <- #, late  (file jsonl ./out)
`,
  );
});

test('A join by a span of time and a lookup are drawn with how they find their rows, and the table by its file.', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-graph-'));
  try {
    writeFileSync(join(folder, 'drivers.csv'), 'number,name\n44,Ada\n');
    const text = `processors:
  p:
    from: car/{car}/imu
    steps:
      - join: { with: car/{car}/gps, between: [-2s, 500ms] }
      - join: { with: car/{car}/temps, prefix: t_ }
      - lookup: { file: ./drivers.csv, on: { car_number: number } }
`;
    const { config, root, problems } = await loadModules(
      readConfigBytes(join(folder, 'pitwall.yaml'), Buffer.from(text), {}),
    );
    assert.deepEqual(problems, []);
    const graph = flowGraph(config!, root!);
    assert.equal(
      drawMermaid(graph),
      `flowchart LR
  processor1["p<br/>join, join, lookup"]
  stream1(["car/{car}/imu"])
  stream2(["car/{car}/gps"])
  stream3(["car/{car}/temps"])
  table1[/"./drivers.csv"/]
  stream1 --> processor1
  stream2 -. "join -2s to 500ms" .-> processor1
  stream3 -. "join backward" .-> processor1
  table1 -. "lookup car_number" .-> processor1
`,
    );
    assert.match(
      drawText(graph),
      /^processor p <- car\/\{car\}\/imu, join -2s to 500ms .*, lookup car_number \.\/drivers\.csv {2}\(/m,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const ON_KAFKA = `bus: { kafka: { brokers: [a.example:9092, "\${B}:9092"], sasl: { mechanism: plain, username: u, password: hunter2 }, tls: true } }
${FLOW}  out: { type: kafka, from: car/{car}/gps, brokers: ["c:1"], topic: live-{car} }
`;

test('With Kafka the streams are drawn on it, between the gateway and what reads.', async () => {
  const graph = await graphOf(ON_KAFKA, { B: 'b.example' });
  assert.equal(
    drawMermaid(graph),
    `flowchart LR
  subgraph bus1["telemetry<br/>kafka a.example:9092, \${B}:9092"]
    stream1(["car/{car}/imu<br/>100 Hz"])
    stream2(["car/{car}/gps"])
    stream3(["#35;"])
  end
  gateway1["gateway"]
  processor1["late<br/>select"]
  processor2["early<br/>join, filter"]
  sink1[("all<br/>file jsonl ./out")]
  sink2[("out<br/>kafka json live-{car}")]
  gateway1 --> bus1
  processor2 --> processor1
  stream1 --> processor2
  stream2 -. "join linear" .-> processor2
  stream3 --> sink1
  processor1 --> sink1
  stream2 --> sink2
`,
  );
  assert.equal(
    drawText(graph),
    `gateway   gateway
bus       telemetry <- gateway  (kafka a.example:9092, \${B}:9092)
stream    car/{car}/imu  (100 Hz)
stream    car/{car}/gps
stream    #
processor late <- early  (select)
processor early <- car/{car}/imu, join linear car/{car}/gps  (join, filter)
sink      all <- #, late  (file jsonl ./out)
sink      out <- car/{car}/gps  (kafka json live-{car})
`,
  );
  for (const drawn of [drawMermaid(graph), drawText(graph), JSON.stringify(graph)]) {
    assert.doesNotMatch(drawn, /hunter2|b\.example/);
  }
});

test('A drawing shows variables by name and never what they hold.', async () => {
  const secret = 'hunter2';
  const graph = await graphOf(
    'streams: { car/1/imu: }\nsinks:\n  a: { type: file, from: car/${TEAM}/imu, path: ./${TEAM} }\n  b: { type: file, from: "${TEAM}/x", path: "x/${TEAM}" }\n',
    { TEAM: secret },
  );
  for (const drawn of [drawMermaid(graph), drawText(graph), JSON.stringify(graph)]) {
    assert.ok(!drawn.includes(secret), drawn);
    assert.ok(drawn.includes('${TEAM}'));
  }
});

test('Characters that mean something to Mermaid are drawn as themselves.', async () => {
  const drawn = drawMermaid(await graphOf('sinks:\n  a: { type: file, from: "#", path: "a\\"b<c>]d" }\n'));
  assert.ok(drawn.includes('sink1[("a<br/>file jsonl a#34;b#60;c#62;]d")]'), drawn);
});

test('Of the address of an HTTP receiver the drawings have the server alone, since paths of webhooks are secrets.', async () => {
  const graph = await graphOf(
    'sinks: { hook: { type: http, from: "#", url: "http://127.0.0.1:9000/services/T0/hunter2" } }\n',
  );
  assert.match(drawText(graph), /^sink {6}hook <- # {2}\(http json http:\/\/127\.0\.0\.1:9000\)$/m);
  assert.ok(!drawMermaid(graph).includes('hunter2'));
});
