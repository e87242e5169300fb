import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import type { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';

const T = 1711111111000;
const CARS = 6;
/** Two processors that group, one behind the other; `ports` of MQTT and HTTP. */
export const yamlOf = (bus: string, ports: readonly number[] = [0, 0]) => `
gateway: { mqtt: 127.0.0.1:${ports[0]}, http: 127.0.0.1:${ports[1]} }
bus: ${bus}
processors:
  by_gear:
    from: car/{car}/a
    steps:
      - columns: { twice: n * 2 }
      - group: { by: [gear, tyre] }
      - columns: { thrice: n * 3 }
  by_car:
    from: by_gear
    steps:
      - group: { by: car }
sinks: { out: { type: file, from: [by_gear, by_car], path: ./out } }
`;

interface Out {
  stream: string;
  car: number;
  n: number;
  twice: number;
  thrice: number;
  gear: string;
  tyre?: string;
}

const tyreOf = (n: number) => (n % 5 === 0 ? null : ['soft', 'C3/hard', ''][n % 3]!);
const keyOf = (n: number) => `${n % 8}/${{ soft: 'soft', 'C3/hard': 'C3%2Fhard', '': '()' }[tyreOf(n)!] ?? '(null)'}`;

/** The rows `from` up to `to` of each car. */
export async function send(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  const client = await IngestClient.connect(gateway.http);
  for (let n = from; n < to; n++) {
    for (let car = 0; car < CARS; car++) {
      client.send({ stream: `car/${car}/a`, t: T + n * 10, n, car, gear: n % 8, tyre: tyreOf(n) });
    }
  }
  await client.until('all acks', () => client.acked === (to - from) * CARS);
  await client.close();
}

/** The rows of a processor. A last line may be in the making. */
export function rows(dir: string, processor: string): Out[] {
  const folder = join(dir, 'out', processor);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  return files.flatMap((name) =>
    linesOf(join(folder, name))
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Out),
  );
}

/** Empty for a file that the sink is just bringing back to its checkpoint. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function assertAllOnce(dir: string, total: number): void {
  const byGear = rows(dir, 'by_gear');
  assert.equal(byGear.length, total * CARS);
  assert.equal(new Set(byGear.map(({ car, n }) => `${car} ${n}`)).size, total * CARS, 'each row once');
  const last = new Map<string, number>();
  for (const { stream, car, n, gear, tyre, twice, thrice } of byGear) {
    assert.equal(stream, `by_gear/${keyOf(n)}`);
    assert.deepEqual([Number(gear), tyre ?? null, twice, thrice], [n % 8, tyreOf(n), n * 2, n * 3]);
    assert.ok(n > (last.get(`${stream} ${car}`) ?? -1), 'the rows of a car keep their order');
    last.set(`${stream} ${car}`, n);
  }
  const byCar = rows(dir, 'by_car');
  assert.equal(byCar.length, total * CARS);
  assert.equal(new Set(byCar.map(({ car, n }) => `${car} ${n}`)).size, total * CARS, 'each row once behind two groups');
  const pairs = new Set(byCar.map(({ stream, car }) => `${stream} ${car}`));
  assert.deepEqual(
    [...pairs].sort(),
    Array.from({ length: CARS }, (_, car) => `by_car/${car} ${car}`),
  );
}

export async function allThere(dir: string, total: number): Promise<void> {
  const isThere = () => ['by_gear', 'by_car'].every((processor) => rows(dir, processor).length >= total * CARS);
  await eventually('all rows', isThere);
}
