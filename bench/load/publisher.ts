import type { LatencyHistogram } from '../../devices/senders/latency-histogram.js';
import type { ExpectedRows } from '../stored-rows.js';

/** Counts that all publishers of a load process share; `mark` starts them again. */
export interface Tally {
  messages: number;
  rows: number;
  bytes: number;
  acknowledged: number;
  rejected: number;
  latency: LatencyHistogram;
}

/** One connection that sends as fast as its plan and the gateway allow. As bare as it can be: it shares the machine's cores. */
export interface Publisher {
  connect(): Promise<void>;
  start(): void;
  /** Sends no more; `done` resolves with the last answer. */
  stop(): void;
  readonly done: Promise<void>;
  /** What it has sent. */
  readonly sent: ExpectedRows;
}
