import { sliceRows } from '../../columnar/kernels/slice.js';
import { ParquetColumns } from '../parquet/parquet-columns.js';
import type { SinkBatch } from '../sink.js';
import type { ObjectRange } from './object-name.js';
import type { Point } from './point.js';

/** Rows of one stream on their way into an object of one folder. */
export class OpenObject {
  readonly stream: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly partition: number;
  /** When its first record was received. */
  readonly openedUs: number;
  readonly rows: ParquetColumns;
  heldBytes = 0;
  /** The row behind its last. */
  end: Point;

  constructor(
    { batch, tags, topic, partition, receivedUs }: SinkBatch,
    readonly folder: string,
    readonly source: string,
    readonly first: Point,
    readonly previous: Point | null,
  ) {
    this.stream = batch.stream;
    this.tags = tags;
    this.topic = topic;
    this.partition = partition;
    this.openedUs = receivedUs;
    this.rows = new ParquetColumns(batch.schema);
    this.end = first;
  }

  get range(): ObjectRange {
    const { folder, partition, source, first, end, previous } = this;
    return { folder, partition, source, first, last: { offset: end.offset, row: end.row - 1 }, previous };
  }

  /** Whether rows of this record have the same columns and tags. */
  takes({ batch, tags }: SinkBatch): boolean {
    if (this.rows.schema !== batch.schema && this.rows.schema.fingerprint !== batch.schema.fingerprint) return false;
    if (this.tags === tags) return true;
    const names = Object.keys(this.tags);
    return names.length === Object.keys(tags).length && names.every((name) => this.tags[name] === tags[name]);
  }

  /** Takes rows `from` to `to` (exclusive); returns by how much it has grown in memory. */
  add({ batch, offset }: SinkBatch, from: number, to: number): number {
    this.rows.add(sliceRows(batch, from, to));
    this.end = { offset, row: to };
    const before = this.heldBytes;
    this.heldBytes = this.rows.heldBytes;
    return this.heldBytes - before;
  }
}
