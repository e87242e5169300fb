import type { Refuse, RefusedRow, RequestBuilder, Store } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import { CollectionNames } from './collection-names.js';
import { Collections, META } from './collections.js';
import { InsertBuilder } from './insert-builder.js';
import { MongodbConnection, type WriteError } from './mongodb-connection.js';
import { kindOfCode } from './mongodb-fault.js';
import { type MongodbSinkOptions, placeOf } from './mongodb-sink-options.js';
import { RowDocument } from './row-document.js';
import { StreamCache } from './stream-cache.js';
import type { WriteCommand } from './write-command.js';

const DUPLICATE_KEY = 11_000;
const COLLECTIONS_MANY = 1_000;

/** MongoDB, with a document a row whose `_id` is where the row comes from, so that no row is there twice. */
export class MongodbStore implements Store<WriteCommand[]> {
  readonly what: string;
  readonly inFlightMax = 64;
  private readonly names: CollectionNames;
  private readonly documents: StreamCache<RowDocument>;
  private connection: MongodbConnection | null = null;
  private collections: Collections | null = null;
  private hasWarned = false;

  constructor(private readonly options: MongodbSinkOptions) {
    this.what = placeOf(options);
    this.names = new CollectionNames(options.collection, options.database);
    const meta = options.mode === 'timeseries' ? META : null;
    this.documents = new StreamCache((record) => new RowDocument(record, { meta }));
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.connection?.close();
    this.connection = new MongodbConnection(this.options);
    this.collections = new Collections(this.connection, this.options);
    // Of a template no collection is known yet; the question proves the credentials all the same.
    if (this.names.only !== null) await this.collections.ready(this.names.only, signal);
    else await this.collections.look('', signal);
  }

  builder(refuse: Refuse): RequestBuilder<WriteCommand[]> {
    return new InsertBuilder(this.names, this.documents, refuse);
  }

  async send(request: WriteCommand[], signal: AbortSignal): Promise<RefusedRow[]> {
    const refused: RefusedRow[] = [];
    for (const command of request) {
      await this.collections!.ready(command.collection, signal);
      const { collection, documents } = command;
      const { writeErrors } = await this.connection!.write('insert', collection, documents, false, signal);
      for (const error of writeErrors) {
        if (isThere(error)) continue;
        refused.push({ ...command.rowAt(error.index), reason: reasonOf(error) });
      }
    }
    return refused;
  }

  takeWarnings(): string[] {
    if (this.hasWarned || (this.collections?.count ?? 0) <= COLLECTIONS_MANY) return [];
    this.hasWarned = true;
    const what = `${this.what}: rows went to more than ${COLLECTIONS_MANY} collections, each with indexes of its own`;
    return [`${what}; MongoDB becomes slow with many: a template with fewer tags, or one collection, is better`];
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.connection = this.collections = null;
    await connection?.close();
  }
}

/** Whether it is only that the row was written before. An index of the user's own may refuse a row, too. */
export function isThere({ code, keyPattern, errmsg }: WriteError): boolean {
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
