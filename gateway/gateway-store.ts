import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import type { DeadLetter } from '../schemas/dead-letter.js';
import type { PackedBatch } from '../schemas/packed-batch.js';

/** What the gateway needs of durable storage; `pipeline` provides it over the bus. */
export interface GatewayStore {
  begin(): CutWriter;
  fact(table: string, key: string): Buffer | undefined;
  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]>;
  schema(fingerprint: number): Schema | undefined;
}

/** Collects one cut; everything is encoded during the call, so nothing handed over needs to outlive it. */
export interface CutWriter {
  addSchema(schema: Schema): void;
  batch(key: string, batch: Batch, receivedUs: number): void;
  packed(key: string, batch: PackedBatch, schema: Schema, receivedUs: number): void;
  deadLetter(letter: DeadLetter): void;
  setFact(table: string, key: string, value: Uint8Array | null): void;
  /** Lets time pass where no data came (see bus/ticker.ts); returns how many ticks that took. */
  ticks(nowUs: number): number;
  /** Resolves when all of it is durable; waits while the bus is full and holds. */
  commit(): Promise<void>;
  /** Forgets it. */
  abandon(): void;
}
