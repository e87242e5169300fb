import type { Refuse, RequestBuilder } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import type { BucketColumns } from './bucket-columns.js';
import type { BucketSpan } from './bucket-state.js';
import type { CollectionNames } from './collection-names.js';
import { tooLong } from './insert-builder.js';
import { DOCUMENT_BYTES_MAX } from './row-document.js';
import type { StreamCache } from './stream-cache.js';

/** Rows for one bucket, in the order in which they came. */
export interface Bucket {
  collection: string;
  stream: string;
  startUs: number;
  spans: BucketSpan[];
}

/** What a document of one row needs beside its cells, about. */
const REST_BYTES = 64 * 1024;

/** Gathers rows by bucket. What is written depends on what is in the bucket, so that it is made when it is sent. */
export class BucketBuilder implements RequestBuilder<Bucket[]> {
  bytes = 0;
  private buckets = new Map<string, Bucket>();

  constructor(
    private readonly names: CollectionNames,
    private readonly columns: StreamCache<BucketColumns>,
    private readonly bucketUs: number,
    private readonly refuse: Refuse,
  ) {}

  add(record: SinkBatch, from: number, to: number, bytesMax: number): number {
    const columns = this.columns.of(record);
    columns.load(record);
    const { timeUs } = record.batch;
    let row = from;
    while (row < to && this.bytes < bytesMax) {
      const startUs = Math.floor(timeUs[row]! / this.bucketUs) * this.bucketUs;
      const endUs = startUs + this.bucketUs;
      let first = row;
      for (; row < to && this.bytes < bytesMax && timeUs[row]! < endUs; row++) {
        const bytes = columns.bytesOf(row);
        if (bytes > DOCUMENT_BYTES_MAX - REST_BYTES) {
          this.put(record, startUs, first, row);
          first = row + 1;
          this.refuse({ record, row, reason: tooLong(bytes) });
        } else this.bytes += bytes;
      }
      this.put(record, startUs, first, row);
    }
    columns.unload();
    return row;
  }

  take(): Bucket[] {
    const buckets = [...this.buckets.values()];
    this.buckets = new Map();
    this.bytes = 0;
    return buckets;
  }

  private put(record: SinkBatch, startUs: number, from: number, to: number): void {
    if (from === to) return;
    const { stream } = record.batch;
    const collection = this.names.of(stream, record.tags);
    const bucket: Bucket = { collection, stream, startUs, spans: [] };
    const key = bucketKey(bucket);
    const known = this.buckets.get(key) ?? bucket;
    if (known === bucket) this.buckets.set(key, bucket);
    known.spans.push({ record, from, to });
  }
}

export function bucketKey({ collection, stream, startUs }: Omit<Bucket, 'spans'>): string {
  return `${startUs}\0${collection}\0${stream}`;
}
