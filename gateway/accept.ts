import type { ErrorCode } from '../core/errors.js';
import type { Source } from './source.js';

/** What a listener sees of the intake. */
export interface Acceptor {
  /**
   * Takes one message. What cannot be decoded becomes a dead letter in the same cut; the answer then has a `refusal`.
   * `payload` is used during the call only. Never throws for what a device sent.
   * The answer is one object used again: read it before the next call.
   */
  accept(source: Source, stream: string, payload: Buffer, format: string | null): Acceptance;

  /** Puts a durable fact into the open cut (`null` removes it), for `source` to be told when it is durable; returns the cut. */
  setFact(source: Source, table: string, key: string, value: Uint8Array | null): number;
  /** A durable fact as of the last commit. */
  fact(table: string, key: string): Buffer | undefined;
  /** The durable facts of a table whose keys start with `prefix`, as of the last commit. */
  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]>;
}

export interface Acceptance {
  cut: number;
  /** Why nothing, or not all, of the message was stored as rows. The original is a durable dead letter with the cut. */
  refusal: Refusal | null;
}

export interface Refusal {
  code: ErrorCode;
  /** One sentence for people: stream, column, value and expected type where there are any. */
  reason: string;
  /** Rows of the message that were stored all the same. */
  storedRows: number;
  refusedRows: number;
}
