import type { SinkBatch } from '../sink.js';

/** Takes note of a row that the store cannot hold, and why. */
export type Refuse = (row: RefusedRow) => void;

/** A row that is not in the store, and never will be as it is. */
export interface RefusedRow {
  record: SinkBatch;
  row: number;
  /** In the store's own words where it gave any. */
  reason: string;
}

/**
 * What is sent to the store at once, in the making. Rows stand in it in the order in which they were added, and the same
 * rows give the same bytes, however a record is cut.
 */
export interface RequestBuilder<Request> {
  /** Of what was added, about as it is sent. */
  readonly bytes: number;
  /**
   * Adds rows `from` to `to` (exclusive) of a record, until there are `bytesMax` or more; returns the row it came to. An
   * empty request takes at least one row. A row that cannot be written is passed to `refuse` and counts as added.
   */
  add(record: SinkBatch, from: number, to: number, bytesMax: number): number;
  /** What was added, to be sent; then the builder is empty. What it gave before stays as it is. */
  take(): Request;
}

/**
 * A store that is sent requests, for which a `DeliverySink` does the rest: batches, positions, requests side by side, and
 * what becomes of rows that are refused.
 *
 * - Sending a request again, whole or cut in another way, changes nothing.
 * - `open` reaches the store, proves the credentials and makes what has to be there. It is called before the first request
 *   and again after each fault, so that a store that is away gets one small question at a time and no data.
 * - `send` settles once the store has the rows for good. It resolves with those that the store has refused while it took
 *   the others, which may be among those that the builder has refused; empty as a rule. It ends soon after `signal` is
 *   aborted.
 * - What goes wrong is a StoreFault. Anything else that is thrown is a fault of Pitwall.
 */
export interface Store<Request> {
  /** For messages, with the address: `influxdb http://127.0.0.1:8086`. No secrets. */
  readonly what: string;
  /** Requests that may be under way at a time: 1 where their order counts. */
  readonly inFlightMax: number;
  open(signal: AbortSignal): Promise<void>;
  /** `refuse` is called while rows are added. */
  builder(refuse: Refuse): RequestBuilder<Request>;
  send(request: Request, signal: AbortSignal): Promise<readonly RefusedRow[]>;
  /** What users should know and no error says, such as a limit that comes near; each is said once. */
  takeWarnings?(): string[];
  close(): Promise<void>;
}
