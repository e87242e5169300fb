import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadFunctions } from '../../../processors/functions/load-functions.js';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import { folderWith } from '../../support/folder-with.js';
import { dataRecord, outputRows, type Row, schemaOf } from '../telemetry.js';
import { mapStep } from './with-functions.js';

const page = readFileSync(fileURLToPath(new URL('../../../../docs/functions.md', import.meta.url)), 'utf8');
const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block!);

const T = 1_714_564_800_000_000;
const schema = schemaOf(['rpm', 'f64'], ['gear', 'i32'], ['speed', 'f64'], ['ax', 'f64'], ['ay', 'f64']);
const rows: Row[] = [
  { timeUs: T, rpm: 11_500.4, gear: 3, speed: 10, ax: 3 * 9.80665, ay: 4 * 9.80665 },
  { timeUs: T + 2_000_000, rpm: 9_000, gear: 4, speed: 20, ax: 0, ay: 9.80665 },
];

/** Answers as the model of the page. */
async function modelServer(t: TestContext): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { car, rpm, speed } = JSON.parse(body);
    response.end(JSON.stringify({ wear: car === 'car/1' ? rpm * speed : null }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function given(block: string): Promise<Row[]> {
  const module = join(folderWith({ 'block.ts': block }), 'block.ts');
  const plan = { name: 'p', from: [{ pattern: 'car/{car}/a' }], steps: [mapStep(module)] };
  const graph = new PartitionGraph([plan], [], { functions: await loadFunctions([plan]) });
  const records = [dataRecord('car/1/a', schema, rows, 1e15)];
  return outputRows(graph.asks ? await graph.runAsking(records) : graph.run(records));
}

test('The modules in docs/functions.md give what the page says.', async (t) => {
  assert.equal(blocks.length, 5);
  process.env.MODEL_URL = await modelServer(t);
  const [plain, row, stateful, batch, waiting] = await Promise.all(blocks.map(given));
  assert.deepEqual(plain, [{ ...rows[0], rpm: 11_500, shift: true }]);
  assert.deepEqual(row, [
    { ...rows[0], shift: true, over: 500, car: 'car/1' },
    { ...rows[1], shift: false, over: 0, car: 'car/1' },
  ]);
  assert.deepEqual(
    stateful!.map(({ distance_m }) => distance_m),
    [0, 40],
  );
  assert.deepEqual(
    batch!.map(({ g }) => g),
    [5, 1],
  );
  assert.deepEqual(
    waiting!.map(({ wear }) => wear),
    [115_004, 180_000],
  );
});
