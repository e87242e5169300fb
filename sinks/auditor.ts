import type { Batch } from '../columnar/batch.js';

/** A stream whose rows in a store are to be found. */
export interface AuditedStream {
  name: string;
  tags: Readonly<Record<string, string>>;
  /** Event times of its first and last row on the bus, microseconds since 1970; both are meant as well. */
  fromUs: number;
  toUs: number;
}

/** Asks a store what it holds, for `pitwall audit`; it writes nothing. Errors are PitwallErrors `sink-failed`. */
export interface Auditor {
  /** Event times in microseconds of the rows of a stream, also outside its range, in any order, a piece at a time. */
  times(stream: AuditedStream): AsyncIterable<Float64Array>;
  /** Whether the store can hold a row at all; without it, all rows. */
  holds?(batch: Batch, row: number): boolean;
  /** What is wrong with what stands there that times do not show, such as objects that overlap. */
  faults?(): Promise<string[]>;
  close(): Promise<void>;
}
