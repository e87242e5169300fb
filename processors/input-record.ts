import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import type { ReadPackedBatch } from '../schemas/read-packed.js';
import type { Tags } from './entity.js';

/** A record of the partition. Ticks, and data that nobody `wants`, need no `packed`; they still move the clock. */
export interface InputRecord {
  offset: number;
  kind: 'data' | 'tick';
  /** Entity key. */
  key: string;
  stream: string;
  receivedUs: number;
  /** The gateway that received it, whose clock that is; absent where there is one only. */
  writer?: string;
  tags: Tags;
  /** Checked, times ascending; its bytes must stay valid during the call. */
  packed: ReadPackedBatch | null;
  schema: Schema | null;
  /** Rows that are unpacked already, in place of `packed`. */
  batch?: Batch;
}
