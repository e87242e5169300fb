import type { Refuse, RefusedRow, RequestBuilder } from '../delivery/store.js';
import { META } from './collections.js';
import { InsertBuilder } from './insert-builder.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';
import { DUPLICATE_KEY, isOfId, MongodbStore, reasonOf } from './mongodb-store.js';
import { idOf, RowDocument } from './row-document.js';
import { StreamCache } from './stream-cache.js';
import type { WriteCommand } from './write-command.js';

/**
 * A document a row, whose `_id` is where the row comes from, so that none is there twice; in time-series collections,
 * where `_id` is a field as others, a row that is sent again is.
 */
export class InsertStore extends MongodbStore<WriteCommand[]> {
  readonly inFlightMax = 64;
  private readonly documents: StreamCache<RowDocument>;

  constructor(options: MongodbSinkOptions) {
    super(options);
    const meta = options.mode === 'timeseries' ? META : null;
    this.documents = new StreamCache((record) => new RowDocument(record, { meta }));
  }

  builder(refuse: Refuse): RequestBuilder<WriteCommand[]> {
    return new InsertBuilder(this.names, this.documents, refuse);
  }

  async send(request: WriteCommand[], signal: AbortSignal): Promise<RefusedRow[]> {
    const refused: RefusedRow[] = [];
    for (const command of request) refused.push(...(await this.insert(command, signal)));
    return refused;
  }

  private async insert(command: WriteCommand, signal: AbortSignal): Promise<RefusedRow[]> {
    const { collection, documents } = command;
    const connection = await this.ready(collection, signal);
    const { writeErrors } = await connection.write('insert', collection, documents, signal);
    const errors = writeErrors.filter((error) => !isOfId(error));
    const refused = errors.map((error) => ({ ...command.rowAt(error.index), reason: reasonOf(error) }));
    const isDuplicate = errors.some(({ code }) => code === DUPLICATE_KEY);
    if (!isDuplicate || this.options.mode === 'timeseries') return refused;
    // A row that comes again may be called a duplicate of itself in an index of the user's own.
    const there = await connection.idsThere(collection, refused.map(idOf), signal);
    return refused.filter((row) => !there.has(idOf(row)));
  }
}
