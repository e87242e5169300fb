import { type AuditedStream, type Auditor, inPieces } from '../auditor.js';
import { CollectionNames } from './collection-names.js';
import { META } from './collections.js';
import { MongodbConnection } from './mongodb-connection.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';

/** Asks MongoDB for the documents of a stream; where a document is not a row, there is no telling (mode `upsert`). */
export class MongodbAuditor implements Auditor {
  private readonly connection: MongodbConnection;
  private readonly names: CollectionNames;

  constructor(private readonly options: MongodbSinkOptions) {
    this.connection = new MongodbConnection(options);
    this.names = new CollectionNames(options.collection, options.database);
  }

  async *times({ name, tags, fromUs, toUs }: AuditedStream): AsyncIterable<Float64Array> {
    const isSeries = this.options.mode === 'timeseries';
    const filter = {
      [isSeries ? `${META}.stream` : 'stream']: name,
      time: { $gte: new Date(Math.floor(fromUs / 1000)), $lte: new Date(Math.floor(toUs / 1000)) },
    };
    yield* inPieces(this.each(this.names.of(name, tags), filter));
  }

  close(): Promise<void> {
    return this.connection.close();
  }
  private async *each(collection: string, filter: object): AsyncIterable<number> {
    for await (const { timeUs } of this.connection.stream(collection, filter, { timeUs: 1 })) yield Number(timeUs);
  }
}
