import type { Batch } from '../columnar/batch.js';

/** One record's rows on the way to a store, with where they came from. */
export interface SinkBatch {
  batch: Batch;
  topic: string;
  partition: number;
  /** Offset of the record the rows came from. */
  offset: number;
  /** The record's key, which is that of the stream's entity; empty without rows. */
  key: string;
  /** Captures of the patterns that named the stream. */
  tags: Readonly<Record<string, string>>;
  /** When the gateway received the record, microseconds since 1970. */
  receivedUs: number;
}

/**
 * Where a branch writes. A sink writes each position exactly once as seen by the store's reader.
 *
 * Contract, held by `test/contract/sink.ts` for every implementation:
 * - `open` gives, for each topic and partition the sink knows, the offset from which it wants to be fed: everything
 *   before is durable in the store. It undoes whatever was written beyond (a crash may have left some).
 * - `write` takes batches in offset order within a partition; it may hold them, in bounded memory.
 * - `flush` makes what was written so far as durable as the format allows, and returns the new positions; formats that
 *   close whole files (Parquet) may return earlier positions than they were fed. `force` closes open files too.
 * - Feeding any range again after `open` changes nothing in the store.
 * - Errors are PitwallErrors `sink-failed`; `retryable` says whether `open` and feeding again can help.
 */
export interface Sink {
  open(): Promise<Position[]>;
  write(batches: readonly SinkBatch[]): Promise<void>;
  flush(force: boolean): Promise<Position[]>;
  /**
   * Takes these positions for its own, durably, and wants to be fed from there again; for sinks whose store takes rows
   * again without a change. Topics that are not named stay as they are.
   */
  rewind?(positions: readonly Position[]): void;
  /** What has come of it since the last call; for sinks that write on their own between the calls. */
  news?(): SinkNews;
  close(): Promise<void>;
}

export interface SinkNews {
  /** When it wants `flush` to be called though nothing is fed; null = it need not be. */
  flushDueMs: number | null;
  warnings: string[];
  /** Rows that the store has refused and that were left out, and how many of them went to the dead letters. */
  skippedRows: number;
  deadLetters: number;
  /** Requests with rows that the store has taken; without it, what `flush` returns tells whether the sink gets on. */
  taken?: number;
}

export interface Position {
  topic: string;
  partition: number;
  /** The next offset to be fed. */
  offset: number;
}
