import type { Batch } from '../../columnar/batch.js';
import type { LatencyHistogram } from './latency-histogram.js';

/** What a sender puts into one message: rows, or bytes that are no rows and that the gateway is to judge. */
export type Outgoing = { batch: Batch } | { stream: string; raw: string };

/** `json`: the shapes of the JSON payload. `packed`: Avro `TelemetryBatch`. */
export type WireFormat = 'json' | 'packed';

/**
 * A device's side of the gateway.
 *
 * Contract:
 * - `send` hands over one message. It returns nothing when the message left at once, and otherwise a promise that
 *   resolves when it has: whoever waits for it holds no more than one message beside what is in flight.
 * - Messages are numbered and answered in the order of `send`.
 * - A lost connection is made again with growing pauses, and whatever was not acknowledged is sent again. After
 *   `giveUpMs` without a connection all promises reject with a PitwallError.
 * - `drain` resolves when every message is answered.
 */
export interface Sender {
  readonly report: SenderReport;
  /** Unanswered messages, sent or waiting to be sent. */
  readonly pending: number;
  /** Connects; rejects with a PitwallError when the gateway cannot be reached or refuses. */
  open(): Promise<void>;
  send(message: Outgoing): Promise<void> | undefined;
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Counts since `open`. A message that was sent twice counts once, except in `bytes`. */
export interface SenderReport {
  messages: number;
  rows: number;
  values: number;
  /** Payload bytes put on the wire. */
  bytes: number;
  /** Messages the gateway has answered: stored, or known to it from before. */
  acknowledged: number;
  rowsAcknowledged: number;
  /** Messages of which the gateway refused something; they are not among the acknowledged. */
  rejected: number;
  /** The first refusals, in words. */
  reasons: string[];
  reconnects: number;
  /** From the first sending of a message to its answer. */
  latency: LatencyHistogram;
}

export const REASONS_MAX = 10;

export function messageStream(message: Outgoing): string {
  return 'batch' in message ? message.batch.stream : message.stream;
}

export function messageRows(message: Outgoing): number {
  return 'batch' in message ? message.batch.rows : 1;
}

/** Cells of a message, nulls included, times not. */
export function messageValues(message: Outgoing): number {
  return 'batch' in message ? message.batch.rows * message.batch.columns.length : 0;
}
