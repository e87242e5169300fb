import { basename } from 'node:path';
import { HttpStore } from '../../../sinks/http/http-store.js';
import { delivered } from '../../contract/delivered.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell } from '../../contract/sink-workload.js';
import { Receiver } from './receiver.js';

/** The HTTP sink as the contract suite sees it, over a receiver in the test's process. */

const ORIGIN = 'PITWALL_TEST_RECEIVER';
const receiver = new Receiver();

// The processes that the suite kills have it from their environment.
process.env[ORIGIN] ??= (await receiver.start()).origin;

/** Where it listens, which a proxy may stand in front of. */
export const origin = process.env[ORIGIN]!;

function under(format: 'json' | 'jsonl', gzip: boolean, sentTo = origin, timeoutMs?: number): SinkUnderTest {
  return {
    make: (folder) => {
      const url = `${sentTo}/${basename(folder)}`;
      return delivered(new HttpStore({ url, headers: {}, format, gzip, positions: true }), folder, timeoutMs);
    },
    readRows: async (folder) => receiver.rows(`/${basename(folder)}`),
    stored: (cell: Cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
  };
}

export const json: SinkUnderTest = under('json', false);
export const jsonlGzip: SinkUnderTest = under('jsonl', true);
export const jsonlBehind = (host: string, timeoutMs: number): SinkUnderTest =>
  under('jsonl', true, `http://${host}`, timeoutMs);
