import type { Commit } from '../../bus/bus.js';
import type { Position } from '../../sinks/sink.js';

/**
 * Where the processors of a partition write: their outputs to the bus, and with them, as facts, their positions and
 * state. A commit is durable as a whole, or its outputs are on the bus and its facts are not: then the same rows are
 * computed and written again, with the same origins.
 */
export interface ProcessorStore {
  begin(): Commit;
  fact(table: string, key: string): Buffer | undefined;
  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]>;
  /** What the branches have read of the outputs. */
  hold(positions: readonly Position[]): void;
  /** Whether there is room for outputs; `keep` is what a commit may always hold. */
  makeRoom(keep: (commit: Commit) => void): Promise<boolean>;
  /** What is known here is known wherever the partition may go next. */
  handOver(): Promise<void>;
  close(): Promise<void>;
}
