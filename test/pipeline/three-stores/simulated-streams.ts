import { cellAt } from '../../../columnar/batch.js';
import { Fleet } from '../../../devices/fleet/fleet.js';
import { pitwall } from '../../support/gateway-process.js';
import { type SentStream, tagsOf } from './sent-stream.js';

/** A drive of the built-in fleet, whose readings follow from these alone. */
export interface Drive {
  cars: number;
  seconds: number;
  seed: number;
}

const PREFIX = 'sim';
const START = '2024-05-01T12:00:00Z';

/** The readings of the drive, stream by stream. */
export function* simulatedStreams({ cars, seconds, seed }: Drive): Generator<SentStream> {
  const startUs = Date.parse(START) * 1000;
  const fleet = new Fleet({ cars, seed, startUs, prefix: PREFIX });
  for (let car = 1; car <= cars; car++) {
    for (const stream of fleet.streams) {
      const batch = fleet.batch(car, stream, startUs, startUs + seconds * 1e6);
      if (batch === null) continue;
      yield {
        name: batch.stream,
        tags: tagsOf(batch.stream),
        columns: batch.schema.fields,
        rows: Array.from({ length: batch.rows }, (_, row) => ({
          timeUs: batch.timeUs[row]!,
          cells: batch.schema.fields.map((_, column) => cellAt(batch, column, row)),
        })),
        isPrivate: false,
      };
    }
  }
}

/** Sends them by `pitwall simulate`, as fast as it goes; returns how many rows that were. */
export async function simulate(http: string, { cars, seconds, seed }: Drive): Promise<number> {
  const { code, stdout, stderr } = await pitwall(
    [
      ...['simulate', '--to', `ws://${http}/ingest`, '--speed', 'max', '--prefix', PREFIX, '--start', START],
      ...['--cars', String(cars), '--seconds', String(seconds), '--seed', String(seed)],
    ],
    { timeoutMs: 600_000 },
  );
  const { rows, rowsAcknowledged } = code === 0 ? JSON.parse(stdout) : { rows: 1, rowsAcknowledged: 0 };
  if (rows !== rowsAcknowledged) throw new Error(`simulate ended with ${code}: ${stdout}${stderr}`);
  return rows;
}
