import type { SinkBatch } from './sink.js';

/** A stream whose rows in a store are to be found. */
export interface AuditedStream {
  name: string;
  tags: Readonly<Record<string, string>>;
  /** Event times of its first and last row that is due, microseconds since 1970; both are meant as well. */
  fromUs: number;
  toUs: number;
}

const PIECE_ROWS = 65_536;

/** Asks a store what it holds, for `pitwall audit`; it writes nothing. Errors are PitwallErrors `sink-failed`. */
export interface Auditor {
  /** Whether the store can hold a row at all; without it, all rows. */
  holds?(record: SinkBatch, row: number): boolean;
  /** For stores that do not keep each row beside all others. */
  readonly overwriting?: Overwriting;
  /** Is told all streams that `times` will be called for, before the first of them. */
  begin?(streams: readonly AuditedStream[]): void;
  /** Event times in microseconds of the rows of a stream, also outside its range, in any order, a piece at a time. */
  times(stream: AuditedStream): AsyncIterable<Float64Array>;
  /**
   * What is wrong with what stands there that times do not show, such as objects that overlap: of these streams, or with
   * null of all that the sink has written, on the bus or not. It is called last.
   */
  faults?(streams: readonly AuditedStream[] | null): Promise<string[]>;
  close(): Promise<void>;
}

/** How rows of a store take the place of one another. */
export interface Overwriting {
  /** What a row has in common with those whose place it takes; null: it takes none. */
  identity(record: SinkBatch, row: number): string | null;
  /**
   * Rows of one stream and identity do so within the same unit of time, microseconds, and their times in the store are
   * rounded down to it. Null: of all rows with one identity, whatever their streams and times, the latest remains.
   */
  readonly unitUs: number | null;
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
