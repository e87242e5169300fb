import type { Position, SinkBatch } from '../sink.js';

/** What a format does below the file sink, which calls it in this order: `open`, then `write` and `flush`, `close`. */
export interface FileStore {
  /** Restores the state of the last flush; returns the positions it holds. */
  open(): Position[];
  write(batches: readonly SinkBatch[]): Promise<void>;
  flush(force: boolean): Promise<Position[]>;
  close(): void;
}
