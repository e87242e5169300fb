import type { Position } from '../sink.js';
import type { RefusedRow } from './store.js';

/** What becomes of rows that the store refuses: the branch stops at them, or goes on without them. */
export type OnRefused = 'stop' | 'dead-letter' | 'skip';

/** How a branch writes to a store. */
export interface DeliveryOptions {
  batch: {
    /** A request is sent with so many rows, */
    rows: number;
    /** so many bytes, */
    bytes: number;
    /** or when its first row has waited for so long. */
    everyMs: number;
  };
  /** Requests under way at a time. */
  inFlight: number;
  /** A request that is not answered within this time has failed. */
  timeoutMs: number;
  onError: OnRefused;
}

export const DELIVERY_DEFAULTS: DeliveryOptions = {
  batch: { rows: 10_000, bytes: 4 * 1024 * 1024, everyMs: 1_000 },
  inFlight: 4,
  timeoutMs: 30_000,
  onError: 'stop',
};

/** Where the positions of a branch are kept whose store keeps none. */
export interface PositionKeeper {
  load(): Position[];
  /** Durable when it returns; does nothing where they are the same as before. */
  save(positions: readonly Position[]): void;
  close(): void;
}

/** Where rows go that a store has refused. Durable when the promise resolves; the same rows may come again after a crash. */
export type DeadLetterWriter = (rows: readonly RefusedRow[]) => Promise<void>;
