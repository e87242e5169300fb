import { type AuditedStream, type Auditor, inPieces, type Overwriting } from '../auditor.js';
import type { SinkBatch } from '../sink.js';
import { StreamCache } from '../stream-cache.js';
import { CollectionNames } from './collection-names.js';
import { META } from './collections.js';
import { KeyColumns } from './key-columns.js';
import { MongodbConnection } from './mongodb-connection.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';

/** Asks MongoDB for the documents or buckets of a stream; with `upsert` the latest row of each key is due. */
export class MongodbAuditor implements Auditor {
  readonly overwriting?: Overwriting;
  private readonly connection: MongodbConnection;
  private readonly names: CollectionNames;

  constructor(private readonly options: MongodbSinkOptions) {
    this.connection = new MongodbConnection(options);
    this.names = new CollectionNames(options.collection, options.database);
    if (options.mode === 'upsert') {
      const keys = new StreamCache((record) => new KeyColumns(record, options.key));
      this.overwriting = { unitUs: null, identity: (record, row) => this.keyText(keys.of(record), record, row) };
    }
  }

  async *times({ name, tags, fromUs, toUs }: AuditedStream): AsyncIterable<Float64Array> {
    const { mode, bucketUs } = this.options;
    const isSeries = mode === 'timeseries';
    // A bucket has the time of its start.
    const startUs = mode === 'bucket' ? fromUs - bucketUs : fromUs;
    const filter = {
      [isSeries ? `${META}.stream` : 'stream']: name,
      time: { $gte: new Date(Math.floor(startUs / 1000)), $lte: new Date(Math.floor(toUs / 1000)) },
    };
    yield* inPieces(this.each(this.names.of(name, tags), filter));
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Null where the row has no key, for which the store refuses it. */
  private keyText(key: KeyColumns, record: SinkBatch, row: number): string | null {
    if (key.fault !== null) return null;
    key.load(record);
    const id = key.of(row);
    if (typeof id === 'string') return null;
    const { batch, tags } = record;
    const bytes = Buffer.from(id.buffer, id.byteOffset, id.length);
    return `${this.names.of(batch.stream, tags)} ${bytes.toString('latin1')}`;
  }

  private async *each(collection: string, filter: object): AsyncIterable<number> {
    for await (const { timeUs } of this.connection.stream(collection, filter, { timeUs: 1 })) {
      if (Array.isArray(timeUs)) for (const each of timeUs) yield Number(each);
      else yield Number(timeUs);
    }
  }
}
