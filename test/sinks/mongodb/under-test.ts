import { basename, join } from 'node:path';
import { DELIVERY_DEFAULTS } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import { MongodbStore } from '../../../sinks/mongodb/mongodb-store.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { documentsOf, rowsByStream } from './mongo-rows.js';
import { DATABASE, optionsOf } from './sink-options.js';

/** The MongoDB sink as the contract suite sees it, read back with a client that is not the sink's. */

/** Known before the suite, since `make` cannot wait; the processes that it kills have it from their environment. */
const { url } = await mongodb.shared();

const delivery = { ...DELIVERY_DEFAULTS, batch: { ...DELIVERY_DEFAULTS.batch, rows: 500, everyMs: 50 } };

export const insert: SinkUnderTest = {
  // The contract's folders have names of their own.
  make: (folder) =>
    new DeliverySink(
      'under-test',
      new MongodbStore(optionsOf(url, basename(folder))),
      new JournalKeeper(join(folder, 'state')),
      delivery,
      async () => {},
    ),
  readRows: async (folder) => rowsByStream(await documentsOf(url, DATABASE, basename(folder))),
};
