import type { RefusedRow } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import { BsonBuffer } from './bson-buffer.js';

/** MongoDB takes 100,000 documents and 48,000,000 bytes of them a command; one document more always fits behind these. */
const DOCUMENTS_MAX = 100_000;
const BYTES_MAX = 16 * 1024 * 1024;

/** A command that writes: its documents in BSON, and where each comes from. */
export interface WriteCommand {
  collection: string;
  count: number;
  documents: Buffer;
  /** The row of a document. */
  rowAt(index: number): Omit<RefusedRow, 'reason'>;
}

/** One of them in the making. */
export class OpenCommand {
  readonly out: BsonBuffer;
  count = 0;
  /** Where a run of rows of one record begins, by document. */
  private readonly starts: number[] = [];
  private readonly records: SinkBatch[] = [];
  private readonly rows: number[] = [];
  private nextRow = -1;

  constructor(
    readonly collection: string,
    size: number,
  ) {
    this.out = new BsonBuffer(size);
  }

  get isFull(): boolean {
    return this.count >= DOCUMENTS_MAX || this.out.at >= BYTES_MAX;
  }

  /** The document that was just written is of this row. */
  wrote(record: SinkBatch, row: number): void {
    if (row !== this.nextRow || record !== this.records.at(-1)) {
      this.starts.push(this.count);
      this.records.push(record);
      this.rows.push(row);
    }
    this.nextRow = row + 1;
    this.count++;
  }

  take(): WriteCommand {
    const { collection, count, starts, records, rows } = this;
    return {
      collection,
      count,
      documents: this.out.take(),
      rowAt(index) {
        let run = 0;
        for (let above = starts.length; above - run > 1; ) {
          const middle = (run + above) >> 1;
          if (starts[middle]! <= index) run = middle;
          else above = middle;
        }
        return { record: records[run]!, row: rows[run]! + index - starts[run]! };
      },
    };
  }
}
