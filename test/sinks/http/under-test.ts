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

function under(format: 'json' | 'jsonl', gzip: boolean): SinkUnderTest {
  return {
    make: (folder) => {
      const url = `${process.env[ORIGIN]}/${basename(folder)}`;
      return delivered(new HttpStore({ url, headers: {}, format, gzip, positions: true }), folder);
    },
    readRows: async (folder) => receiver.rows(`/${basename(folder)}`),
    stored: (cell: Cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
  };
}

export const json: SinkUnderTest = under('json', false);
export const jsonlGzip: SinkUnderTest = under('jsonl', true);
