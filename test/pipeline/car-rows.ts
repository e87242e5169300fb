import { join } from 'node:path';
import type { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { jsonLines } from '../support/jsonl-files.js';

/** Time of row 0, milliseconds since 1970; the rows of a car are 10 ms apart. */
const FIRST_MS = 1711111111000;

export function timeMs(n: number): number {
  return FIRST_MS + n * 10;
}

/** Sends the rows `from` up to `to` of each of the streams `car/0/a`, `car/1/a` …, and waits for their answers. */
export async function sendRows(gateway: GatewayProcess, cars: number, from: number, to: number): Promise<void> {
  const client = await IngestClient.connect(gateway.http);
  for (let n = from; n < to; n++) {
    for (let car = 0; car < cars; car++) client.send({ stream: `car/${car}/a`, t: timeMs(n), n });
  }
  await client.until('all acks', () => client.acked === (to - from) * cars);
  await client.close();
}

/**
 * What a file sink has of each car below a folder: the output of a processor, or a `level` of the devices' streams. A last
 * line may be in the making.
 */
export function carLines(dir: string, folder: string, cars: number, level = ''): string[][] {
  const lines = jsonLines(join(dir, folder));
  return Array.from({ length: cars }, (_, car) => (lines.get(`car/${car}${level}`) ?? '').split('\n').slice(0, -1));
}
