import type { Refuse, RefusedRow, RequestBuilder, Store } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import { CollectionNames } from './collection-names.js';
import { Collections, META } from './collections.js';
import { InsertBuilder } from './insert-builder.js';
import { KeyColumns } from './key-columns.js';
import { MongodbConnection, type WriteError } from './mongodb-connection.js';
import { kindOfCode } from './mongodb-fault.js';
import { type MongodbSinkOptions, placeOf } from './mongodb-sink-options.js';
import { idOf, RowDocument } from './row-document.js';
import { StreamCache } from './stream-cache.js';
import { UpsertBuilder, type Upserts } from './upsert-builder.js';
import { AT, UpsertStatement } from './upsert-statement.js';
import type { WriteCommand } from './write-command.js';

const DUPLICATE_KEY = 11_000;
const COLLECTIONS_MANY = 1_000;

/**
 * MongoDB with a document a row, or one a key. `insert` and `timeseries` insert rows whose `_id` is where they come from;
 * `upsert` lets the server put a row in the place of an earlier one of its key.
 */
export class MongodbStore implements Store<WriteCommand[]> {
  readonly what: string;
  readonly inFlightMax: number;
  private readonly names: CollectionNames;
  private readonly documents: StreamCache<RowDocument>;
  private readonly upserts: StreamCache<Upserts>;
  private connection: MongodbConnection | null = null;
  private collections: Collections | null = null;
  private hasWarned = false;

  constructor(private readonly options: MongodbSinkOptions) {
    this.what = placeOf(options);
    this.names = new CollectionNames(options.collection, options.database);
    const { mode, key } = options;
    this.inFlightMax = mode === 'upsert' ? 1 : 64;
    const meta = mode === 'timeseries' ? META : null;
    this.documents = new StreamCache((record) => new RowDocument(record, { meta }));
    this.upserts = new StreamCache((record) => ({
      key: new KeyColumns(record, key),
      statement: new UpsertStatement(new RowDocument(record, { reserved: [AT] })),
    }));
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
    if (this.options.mode === 'upsert') return new UpsertBuilder(this.names, this.upserts, refuse);
    return new InsertBuilder(this.names, this.documents, refuse);
  }

  async send(request: WriteCommand[], signal: AbortSignal): Promise<RefusedRow[]> {
    const refused: RefusedRow[] = [];
    for (const command of request) {
      await this.collections!.ready(command.collection, signal);
      const write = this.options.mode === 'upsert' ? this.upsert : this.insert;
      refused.push(...(await write.call(this, command, signal)));
    }
    return refused;
  }

  private async insert(command: WriteCommand, signal: AbortSignal): Promise<RefusedRow[]> {
    const { collection, documents } = command;
    const { writeErrors } = await this.connection!.write('insert', collection, documents, false, signal);
    const errors = writeErrors.filter((error) => !isOfId(error));
    const refused = errors.map((error) => ({ ...command.rowAt(error.index), reason: reasonOf(error) }));
    const isDuplicate = errors.some(({ code }) => code === DUPLICATE_KEY);
    if (!isDuplicate || this.options.mode === 'timeseries') return refused;
    // A row that comes again may be called a duplicate of itself in an index of the user's own.
    const there = await this.connection!.idsThere(collection, refused.map(idOf), signal);
    return refused.filter((row) => !there.has(idOf(row)));
  }

  private async upsert(command: WriteCommand, signal: AbortSignal): Promise<RefusedRow[]> {
    const { collection, documents } = command;
    const { writeErrors } = await this.connection!.write('update', collection, documents, false, signal);
    return writeErrors.map((error) => {
      if (isOfId(error)) throw new StoreFault('away', `somebody else made the document just then: ${error.errmsg}`);
      return { ...command.rowAt(error.index), reason: reasonOf(error) };
    });
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

/** Whether there is a document with this `_id`; an index of the user's own may refuse a row, too. */
function isOfId({ code, keyPattern, errmsg }: WriteError): boolean {
  if (code !== DUPLICATE_KEY) return false;
  return keyPattern ? Object.keys(keyPattern).join() === '_id' : /index: _id_ /.test(errmsg);
}

/** The server's words for a document that it does not take; throws where it is not the document's fault. */
function reasonOf({ code, errmsg }: WriteError): string {
  const text = `${errmsg} (code ${code})`;
  const kind = kindOfCode(code, 'rows');
  if (kind !== 'rows') throw new StoreFault(kind, text);
  return text;
}
