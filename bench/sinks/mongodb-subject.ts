import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BSON, type Document, MongoClient } from 'mongodb';
import { DELIVERY_DEFAULTS } from '../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../sinks/delivery/journal-keeper.js';
import { InsertStore } from '../../sinks/mongodb/insert-store.js';
import { benchFault } from '../bench-fault.js';
import { recordedRequests, sideBySide } from './recorded-requests.js';
import { RowTally } from './row-tally.js';
import { SinkRecords } from './sink-records.js';
import type { BareWriter, Pass, Subject } from './subject.js';

/** What the driver keeps BSON in that is ready; the sink uses it, too. */
const { DocumentSequence } = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js') as {
  DocumentSequence: new (field: string) => { push(document: null, bytes: Uint8Array): number };
};
const DATABASE = 'pitwall-bench';
const SPAN_US = 10_000_000;
const DURABLE = { w: 'majority', j: true } as const;
const { inFlight } = DELIVERY_DEFAULTS;

/** MongoDB at its connection string; a place is a collection. */
export const mongodbSubject: Subject = {
  writesAgain: false,
  /** With the index that the sink makes. */
  async make(address, place) {
    await withClient(address, async (client) => {
      await client.db(DATABASE).collection(place).createIndex({ stream: 1, time: 1 });
    });
  },
  sink: async (pass) => {
    const keeper = new JournalKeeper(join(pass.stateDir, 'state'));
    return new DeliverySink('bench', storeOf(pass), keeper, DELIVERY_DEFAULTS, async () => {});
  },
  async bare(pass) {
    const records = new SinkRecords(pass.recordRows);
    const store = storeOf(pass);
    const requests = async (from: number, to: number) =>
      (
        await recordedRequests(store, records, from, to, (commands) => commands.map(({ documents }) => documents))
      ).flat();
    const warm = await requests(0, pass.warmRecords);
    const measured = await requests(pass.warmRecords, pass.records);
    const client = await new MongoClient(pass.address, { maxPoolSize: inFlight, retryWrites: false }).connect();
    return pass.side === 'objects'
      ? objectWriter(client, pass, warm, measured)
      : bsonWriter(client, pass, warm, measured);
  },
  async count(address, place, rows) {
    const tally = new RowTally(rows, SPAN_US);
    await withClient(address, async (client) => {
      const span = { $subtract: ['$timeUs', { $mod: ['$timeUs', SPAN_US] }] };
      const found = client
        .db(DATABASE)
        .collection(place)
        .aggregate([{ $group: { _id: { stream: '$stream', span }, rows: { $sum: 1 } } }]);
      for await (const { _id, rows } of found) tally.add(_id.stream, Number(_id.span), Number(rows));
    });
    return tally;
  },
  async remove(address, place) {
    await withClient(address, async (client) => {
      await client.db(DATABASE).collection(place).drop();
    });
  },
};

function storeOf({ address, place }: Pass): InsertStore {
  return new InsertStore({
    url: address,
    login: null,
    database: DATABASE,
    collection: place,
    mode: 'insert',
    key: [],
    bucketUs: 60e6,
    expireUs: null,
    connections: inFlight,
    timeoutMs: DELIVERY_DEFAULTS.timeoutMs,
  });
}

function bsonWriter(client: MongoClient, { place }: Pass, warm: Buffer[], measured: Buffer[]): BareWriter {
  const insert = async (documents: Buffer) => {
    const sequence = new DocumentSequence('documents');
    sequence.push(null, documents);
    const command = { insert: place, ordered: false, writeConcern: DURABLE, documents: sequence };
    const { writeErrors } = await client.db(DATABASE).command(command);
    if (writeErrors) throw benchFault(`MongoDB refuses documents of the bare client: ${writeErrors[0].errmsg}`);
  };
  return {
    warm: () => sideBySide(warm, inFlight, insert),
    async write() {
      await sideBySide(measured, inFlight, insert);
      return measured.reduce((sum, { length }) => sum + length, 0);
    },
    close: () => client.close(),
  };
}

function objectWriter(client: MongoClient, { place }: Pass, warm: Buffer[], measured: Buffer[]): BareWriter {
  const [early, late] = [warm.map(documentsOf), measured.map(documentsOf)];
  const collection = client.db(DATABASE).collection(place);
  const insert = async (documents: Document[]) => {
    await collection.insertMany(documents, { ordered: false, writeConcern: DURABLE });
  };
  return {
    warm: () => sideBySide(early, inFlight, insert),
    async write() {
      await sideBySide(late, inFlight, insert);
      return measured.reduce((sum, { length }) => sum + length, 0);
    },
    close: () => client.close(),
  };
}

function documentsOf(bytes: Buffer): Document[] {
  const documents: Document[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readInt32LE(at);
    documents.push(BSON.deserialize(bytes.subarray(at, at + length)));
    at += length;
  }
  return documents;
}

async function withClient(address: string, work: (client: MongoClient) => Promise<void>): Promise<void> {
  const client = new MongoClient(address);
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
