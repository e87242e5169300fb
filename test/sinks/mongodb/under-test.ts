import { basename, join } from 'node:path';
import type { Document } from 'mongodb';
import { DELIVERY_DEFAULTS } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import { makeStore } from '../../../sinks/mongodb/make-store.js';
import type { MongodbSinkOptions } from '../../../sinks/mongodb/mongodb-sink-options.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Rows } from '../../contract/sink-workload.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { documentsOf, latestRows, rowsByStream, rowsOfBuckets } from './mongo-rows.js';
import { DATABASE, optionsOf } from './sink-options.js';

/** The MongoDB sink as the contract suite sees it, read back with a client that is not the sink's. */

/** Known before the suite, since `make` cannot wait; the processes that it kills have it from their environment. */
const { url } = await mongodb.shared();

const delivery = { ...DELIVERY_DEFAULTS, batch: { ...DELIVERY_DEFAULTS.batch, rows: 500, everyMs: 50 } };

function under(
  more: Partial<MongodbSinkOptions>,
  rowsOf: (documents: Document[]) => Rows,
  ordered: boolean,
  timeoutMs = DELIVERY_DEFAULTS.timeoutMs,
  readFrom = url,
): SinkUnderTest {
  return {
    // The contract's folders have names of their own.
    make: (folder) =>
      new DeliverySink(
        'under-test',
        makeStore(optionsOf(url, basename(folder), more)),
        new JournalKeeper(join(folder, 'state')),
        { ...delivery, timeoutMs },
        async () => {},
      ),
    readRows: async (folder) => rowsOf(await documentsOf(readFrom, DATABASE, basename(folder))),
    ordered,
  };
}

export const insert = under({}, rowsByStream, true);
/** The workload's rows span up to half a minute, and come a little out of order. */
export const bucket = under({ mode: 'bucket', bucketUs: 5_000_000 }, rowsOfBuckets, false);
/** On another server. */
export function insertOn(server: string, timeoutMs: number): SinkUnderTest {
  return under({ url: server, timeoutMs }, rowsByStream, true, timeoutMs, server);
}

/** Their server behind a proxy at `host`; documents are read back past it. */
export function behind(mode: 'insert' | 'bucket', host: string, timeoutMs: number): SinkUnderTest {
  const options = { mode, url: `mongodb://${host}/?directConnection=true`, timeoutMs, bucketUs: 5_000_000 };
  return under(options, mode === 'bucket' ? rowsOfBuckets : rowsByStream, mode === 'insert', timeoutMs);
}

/** What `readRows` gives are the latest rows, which the suite does not expect. */
export const upsert = under({ mode: 'upsert', key: ['stream'] }, latestRows, true);
