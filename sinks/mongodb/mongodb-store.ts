import type { Refuse, RefusedRow, RequestBuilder, Store } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import { CollectionNames } from './collection-names.js';
import { Collections } from './collections.js';
import { MongodbConnection, type WriteError } from './mongodb-connection.js';
import { kindOfCode } from './mongodb-fault.js';
import { type MongodbSinkOptions, placeOf } from './mongodb-sink-options.js';

export const DUPLICATE_KEY = 11_000;
const COLLECTIONS_MANY = 1_000;

/** MongoDB, whatever its documents are: the connection, and the collections with what has to be there. */
export abstract class MongodbStore<Request> implements Store<Request> {
  abstract readonly inFlightMax: number;
  readonly what: string;
  protected readonly names: CollectionNames;
  private connected: { connection: MongodbConnection; collections: Collections } | null = null;
  private hasWarned = false;

  constructor(protected readonly options: MongodbSinkOptions) {
    this.what = placeOf(options);
    this.names = new CollectionNames(options.collection, options.database);
  }

  abstract builder(refuse: Refuse): RequestBuilder<Request>;

  abstract send(request: Request, signal: AbortSignal): Promise<RefusedRow[]>;

  async open(signal: AbortSignal): Promise<void> {
    await this.close();
    const connection = new MongodbConnection(this.options);
    const collections = new Collections(connection, this.options);
    this.connected = { connection, collections };
    // Of a template no collection is known yet; the question proves the credentials all the same.
    if (this.names.only !== null) await collections.ready(this.names.only, signal);
    else await collections.look('', signal);
  }

  takeWarnings(): string[] {
    if (this.hasWarned || (this.connected?.collections.count ?? 0) <= COLLECTIONS_MANY) return [];
    this.hasWarned = true;
    const what = `${this.what}: rows went to more than ${COLLECTIONS_MANY} collections, each with indexes of its own`;
    return [`${what}; MongoDB becomes slow with many: a template with fewer tags, or one collection, is better`];
  }

  async close(): Promise<void> {
    const { connected } = this;
    this.connected = null;
    await connected?.connection.close();
  }

  /** The connection, once rows can be written into a collection. */
  protected async ready(collection: string, signal: AbortSignal): Promise<MongodbConnection> {
    if (!this.connected) throw new StoreFault('away', 'the connection was closed');
    const { connection, collections } = this.connected;
    await collections.ready(collection, signal);
    return connection;
  }
}

/** Whether there is a document with this `_id`; an index of the user's own may refuse a row, too. */
export function isOfId({ code, keyPattern, errmsg }: WriteError): boolean {
  if (code !== DUPLICATE_KEY) return false;
  return keyPattern ? Object.keys(keyPattern).join() === '_id' : /index: _id_ /.test(errmsg);
}

/** The server's words for a document that it does not take; throws where it is not the document's fault. */
export function reasonOf({ code, errmsg }: WriteError): string {
  const text = `${errmsg} (code ${code})`;
  const kind = kindOfCode(code, 'rows');
  if (kind !== 'rows') throw new StoreFault(kind, text);
  return text;
}
