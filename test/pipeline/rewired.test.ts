import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
/** Joins wait for a fix that never comes, so rows are held back when the configuration changes. */
const FIRST = `
  joined:
    from: car/{car}/a
    steps: [ { join: { with: "car/{car}/b", how: backward, wait: 60s, keep: left } } ]`;
const BEHIND = `
  behind:
    from: joined
    steps: [ { columns: { twice: n * 2 } } ]`;
const BESIDE = `
  beside:
    from: car/{car}/a
    steps: [ { columns: { thrice: n * 3 } } ]`;

function yaml(processors: string): string {
  const names = [...processors.matchAll(/^ {2}(\w+):$/gm)].map((match) => match[1]);
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
processors:${processors}
sinks: { out: { type: file, from: [${names.join(', ')}], path: ./out } }
`;
}

async function send(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  const client = await IngestClient.connect(gateway.http);
  for (let n = from; n < to; n++) {
    for (let car = 0; car < 5; car++) client.send({ stream: `car/${car}/a`, t: T + n * 10, n });
  }
  await client.until('all acks', () => client.acked === (to - from) * 5);
  await client.close();
}

/** The numbers of a processor's rows for one car, sorted. */
function rows(dir: string, processor: string, car: number): number[] {
  const file = join(dir, 'out', processor, `car/${car}.jsonl`);
  if (!existsSync(file)) return [];
  // The last line may be in the making.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line).n as number).sort((a, b) => a - b);
}

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('processors that are added, rewired and taken apart write nothing twice, and lose nothing that waited', async () => {
  const dir = tempDir('rewired');
  const run = async (processors: string, from: number, to: number) => {
    const gateway = await new GatewayProcess(dir, yaml(processors)).start();
    await send(gateway, from, to);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    return gateway.stderr;
  };
  await run(FIRST, 0, 100);
  assert.match(await run(FIRST + BEHIND, 100, 200), /rows that waited in its joins were let go/);
  await run(FIRST + BEHIND + BESIDE, 200, 300);
  await run(FIRST + BESIDE, 300, 400);
  // The last change lets go of what still waits, and a branch reads what `behind` wrote before it was taken out.
  await run(FIRST.replace('60s', '61s') + BEHIND + BESIDE, 400, 400);
  for (let car = 0; car < 5; car++) {
    assert.deepEqual(rows(dir, 'joined', car), upTo(0, 400), `joined of car ${car}`);
    assert.deepEqual(rows(dir, 'behind', car), upTo(100, 300), `behind of car ${car}`);
    assert.deepEqual(rows(dir, 'beside', car), upTo(0, 400), `beside of car ${car}`);
  }
});

test('a log that is deleted and begun anew is read from its beginning', async () => {
  const dir = tempDir('deleted');
  const all = () => [0, 1, 2, 3, 4].map((car) => rows(dir, 'beside', car).length);
  const run = async (from: number, to: number, each: number) => {
    const gateway = await new GatewayProcess(dir, yaml(BESIDE)).start();
    await send(gateway, from, to);
    await eventually(`${each} rows a car`, () => all().every((count) => count === each));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  };
  await run(0, 100, 100);
  rmSync(join(dir, 'bus/ingest'), { recursive: true });
  await run(100, 150, 150);
  for (let car = 0; car < 5; car++) assert.deepEqual(rows(dir, 'beside', car), upTo(0, 150));
  rmSync(join(dir, 'bus'), { recursive: true });
  await run(150, 160, 160);
  for (let car = 0; car < 5; car++) assert.deepEqual(rows(dir, 'beside', car), upTo(0, 160));
  // Without the processors' logs everything that the ingest log still has is computed and written once more.
  rmSync(join(dir, 'bus/processors'), { recursive: true });
  rmSync(join(dir, 'out'), { recursive: true });
  await run(160, 170, 20);
  for (let car = 0; car < 5; car++) assert.deepEqual(rows(dir, 'beside', car), upTo(150, 170));
});
