import type { Batch } from '../columnar/batch.js';

/** A stream whose rows in a store are to be found. */
export interface AuditedStream {
  name: string;
  tags: Readonly<Record<string, string>>;
  /** Event times of its first and last row on the bus, microseconds since 1970; both are meant as well. */
  fromUs: number;
  toUs: number;
}

const PIECE_ROWS = 65_536;

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

/** Single times in pieces. */
export async function* inPieces(times: AsyncIterable<number>): AsyncIterable<Float64Array> {
  let piece = new Float64Array(PIECE_ROWS);
  let rows = 0;
  for await (const time of times) {
    piece[rows++] = time;
    if (rows < PIECE_ROWS) continue;
    yield piece;
    piece = new Float64Array(PIECE_ROWS);
    rows = 0;
  }
  if (rows > 0) yield piece.subarray(0, rows);
}
