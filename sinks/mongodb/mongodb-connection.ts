import { createRequire } from 'node:module';
import { type Document, MongoClient } from 'mongodb';
import { settles } from '../../core/settles.js';
import { mongodbFault } from './mongodb-fault.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';

/**
 * What the driver itself puts BSON into that is ready, in the form in which messages carry many documents. It is not
 * part of its public interface, and worth it: objects a row and their serializer cost ten times the processor time.
 */
const { DocumentSequence } = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js') as {
  DocumentSequence: new (field: string) => { push(document: null, bytes: Uint8Array): number };
};

/** The journal of most of the servers: what is acknowledged survives the death of any one of them. */
const DURABLE = { w: 'majority', j: true } as const;
const SELECTION_MS = 5_000;
const CLOSE_MS = 2_000;
/** Documents that are asked for at a time. */
const BATCH = 1_000;

/** Where documents stand in a command that writes. */
const FIELDS = { insert: 'documents', update: 'updates' } as const;

export interface WriteResult {
  /** Documents that were inserted, or were found or made by updates. */
  n: number;
  writeErrors: readonly WriteError[];
}

export interface WriteError {
  index: number;
  code: number;
  errmsg: string;
  /** The fields of an index that allows a value once. */
  keyPattern?: Document;
}

/** One client of the driver. Errors are StoreFaults; nothing is tried again here. */
export class MongodbConnection {
  private readonly client: MongoClient;
  private readonly secrets: readonly string[];

  constructor(private readonly options: MongodbSinkOptions) {
    const { url, login, connections, timeoutMs } = options;
    this.secrets = secretsOf(options);
    try {
      this.client = new MongoClient(url, {
        ...(login ? { auth: login } : {}),
        appName: 'pitwall',
        maxPoolSize: connections + 1,
        serverSelectionTimeoutMS: Math.min(SELECTION_MS, timeoutMs),
        connectTimeoutMS: Math.min(SELECTION_MS, timeoutMs),
        socketTimeoutMS: timeoutMs + CLOSE_MS,
        waitQueueTimeoutMS: timeoutMs,
        retryWrites: false,
        retryReads: false,
        // BSON numbers as they are, so that what is read tells 1 from 1.0.
        useBigInt64: true,
      });
    } catch (error) {
      throw mongodbFault(error, this.secrets);
    }
  }

  /** A command to the sink's database. */
  run(command: Document, signal: AbortSignal): Promise<Document> {
    return this.command(command, signal);
  }

  /** Writes documents, or statements of updates, that are BSON already, one behind the other. */
  async write(
    verb: 'insert' | 'update',
    collection: string,
    documents: Uint8Array,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const sequence = new DocumentSequence(FIELDS[verb]);
    sequence.push(null, documents);
    const command = { [verb]: collection, ordered: false, writeConcern: DURABLE, [FIELDS[verb]]: sequence };
    const { n = 0, writeErrors = [] } = await this.command(command, signal);
    return { n, writeErrors };
  }

  /** Documents that match, with these of their fields. */
  async *stream(collection: string, filter: Document, fields: Document): AsyncIterable<Document> {
    try {
      yield* this.client.db(this.options.database).collection(collection).find(filter, { projection: fields });
    } catch (error) {
      throw mongodbFault(error, this.secrets);
    }
  }

  /** What is on most of the servers, for good. */
  async find(collection: string, filter: Document, projection: Document, signal: AbortSignal): Promise<Document[]> {
    try {
      const options = { projection, readConcern: 'majority', batchSize: BATCH, signal } as const;
      return await this.client.db(this.options.database).collection(collection).find(filter, options).toArray();
    } catch (error) {
      throw mongodbFault(error, this.secrets);
    }
  }

  /** Those of the ids that a collection has. */
  async idsThere(collection: string, ids: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const there = new Set<string>();
    for (let at = 0; at < ids.length; at += BATCH) {
      const filter = { _id: { $in: ids.slice(at, at + BATCH) } };
      for (const { _id } of await this.find(collection, filter, { _id: 1 }, signal)) there.add(_id);
    }
    return there;
  }

  async close(): Promise<void> {
    await settles(
      this.client.close().catch(() => {}),
      CLOSE_MS,
    );
  }

  private async command(command: Document, signal: AbortSignal): Promise<Document> {
    try {
      return await this.client.db(this.options.database).command(command, { signal });
    } catch (error) {
      throw mongodbFault(error, this.secrets);
    }
  }
}

/** Password and user of the options, as they are written and as they are meant. */
function secretsOf({ url, login }: MongodbSinkOptions): string[] {
  const [, written = ''] = /^mongodb(?:\+srv)?:\/\/[^:@/]*:([^@/]*)@/.exec(url) ?? [];
  let meant = written;
  try {
    meant = decodeURIComponent(written);
  } catch {
    // The driver refuses it, too.
  }
  return [...new Set([written, meant, login?.password ?? ''])].filter((text) => text !== '');
}
