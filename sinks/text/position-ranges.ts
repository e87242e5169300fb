import type { SinkBatch } from '../sink.js';

interface Range {
  first: string;
  last: string;
}

/**
 * Which rows of the bus something holds, a range for each partition: `TOPIC/PARTITION:OFFSET.ROW-OFFSET.ROW`, from the
 * first row to the last, both among them, joined by commas. OFFSET is that of the record, ROW the row in it, from 0.
 */
export class PositionRanges {
  private readonly ranges = new Map<string, Range>();

  get partitions(): number {
    return this.ranges.size;
  }

  has({ topic, partition }: SinkBatch): boolean {
    return this.ranges.has(`${topic}/${partition}`);
  }

  /** Rows `from` to `to` (exclusive), which follow those of their partition that were added before. */
  add({ topic, partition, offset }: SinkBatch, from: number, to: number): void {
    const key = `${topic}/${partition}`;
    const last = `${offset}.${to - 1}`;
    const range = this.ranges.get(key);
    if (range) range.last = last;
    else this.ranges.set(key, { first: `${offset}.${from}`, last });
  }

  toString(): string {
    return [...this.ranges].map(([key, { first, last }]) => `${key}:${first}-${last}`).join(',');
  }

  clear(): void {
    this.ranges.clear();
  }
}
