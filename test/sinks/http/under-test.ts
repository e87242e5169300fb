import { basename, join } from 'node:path';
import { DELIVERY_DEFAULTS } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import { HttpStore } from '../../../sinks/http/http-store.js';
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
      const store = new HttpStore({ url, headers: {}, format, gzip, positions: true });
      const options = { ...DELIVERY_DEFAULTS, batch: { rows: 500, bytes: 100_000, everyMs: 100 } };
      return new DeliverySink('under-test', store, new JournalKeeper(join(folder, 'state')), options, async () => {});
    },
    readRows: async (folder) => receiver.rows(`/${basename(folder)}`),
    stored: (cell: Cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
  };
}

export const json: SinkUnderTest = under('json', false);
export const jsonlGzip: SinkUnderTest = under('jsonl', true);
