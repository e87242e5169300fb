import { Positions } from '../positions.js';
import type { SinkBatch } from '../sink.js';
import { type RowSpan, rowsIn } from './row-spans.js';
import type { RefusedRow } from './store.js';

/** What a request that is being made holds, and from where it would have to be fed again. */
export class OpenRequest {
  readonly spans: RowSpan[] = [];
  /** Rows that cannot be written, which are so not in the request. */
  readonly refused: RefusedRow[] = [];
  readonly sinceMs = performance.now();
  private readonly firsts = new Positions();
  rows = 0;

  add(record: SinkBatch, from: number, to: number): void {
    const { topic, partition, offset } = record;
    this.spans.push({ record, from, to });
    this.rows += to - from;
    if (this.firsts.get(topic, partition) === undefined) this.firsts.set(topic, partition, offset);
  }

  /** Least offset of a partition that it has rows of. */
  first(topic: string, partition: number): number {
    return this.firsts.get(topic, partition) ?? Number.POSITIVE_INFINITY;
  }

  /** Those that the encoder has refused leave nothing to be sent. */
  get isEmpty(): boolean {
    return rowsIn(this.spans) === this.refused.length;
  }
}
