import type { ErrorCode } from '../../core/errors.js';
import type { TimeUnit } from '../../core/event-time.js';
import type { StreamBuilder } from '../stream-builder.js';

/**
 * Turns payloads of one format into rows of a stream's builder.
 *
 * Contract, held by `test/contract/decoder.ts` for every format:
 * - Throws a PitwallError when the message as a whole cannot be read; then no row of it is in the builder.
 * - A single row that cannot be taken is handed to `refuseRow`; the others are stored.
 * - Never keeps a reference to `payload`.
 */
export interface Decoder {
  readonly name: string;
  /** Returns the rows it appended. */
  decode(payload: Buffer, builder: StreamBuilder, context: DecodeContext): number;
}

export interface DecodeContext {
  /** The time of rows that carry none, microseconds since 1970. */
  receivedUs: number;
  time: TimeRule | null;
  refuseRow(refusal: RowRefusal): void;
}

/** Where a stream's rows carry their time, as the pattern's `time:` says. */
export interface TimeRule {
  field: string;
  /** Null: decided by the size of the number, or ISO 8601. */
  unit: TimeUnit | null;
}

export interface RowRefusal {
  code: ErrorCode;
  reason: string;
  column: string | null;
  /** The offending cell as text, at most 200 characters. */
  cell: string | null;
  expected: string | null;
  /** The row alone, as a payload that could be sent again by itself. */
  original: Buffer;
}
