import type { Refuse, RefusedRow, RequestBuilder } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import { KeyColumns } from './key-columns.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';
import { isOfId, MongodbStore, reasonOf } from './mongodb-store.js';
import { RowDocument } from './row-document.js';
import { StreamCache } from './stream-cache.js';
import { UpsertBuilder, type Upserts } from './upsert-builder.js';
import { AT, UpsertStatement } from './upsert-statement.js';
import type { WriteCommand } from './write-command.js';

/** A document a key. The server puts a row in the place of an earlier one, and leaves a later one. */
export class UpsertStore extends MongodbStore<WriteCommand[]> {
  readonly inFlightMax = 1;
  private readonly upserts: StreamCache<Upserts>;

  constructor(options: MongodbSinkOptions) {
    super(options);
    this.upserts = new StreamCache((record) => ({
      key: new KeyColumns(record, options.key),
      statement: new UpsertStatement(new RowDocument(record, { reserved: [AT] })),
    }));
  }

  builder(refuse: Refuse): RequestBuilder<WriteCommand[]> {
    return new UpsertBuilder(this.names, this.upserts, refuse);
  }

  async send(request: WriteCommand[], signal: AbortSignal): Promise<RefusedRow[]> {
    const refused: RefusedRow[] = [];
    for (const { collection, documents, rowAt } of request) {
      const connection = await this.ready(collection, signal);
      const { writeErrors } = await connection.write('update', collection, documents, signal);
      for (const error of writeErrors) {
        if (isOfId(error)) throw new StoreFault('away', `somebody else made the document just then: ${error.errmsg}`);
        refused.push({ ...rowAt(error.index), reason: reasonOf(error) });
      }
    }
    return refused;
  }
}
