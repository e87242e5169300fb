import { sliceRows } from '../columnar/kernels/slice.js';
import type { Schema } from '../columnar/schema.js';
import { pack, unpack } from './data-block.js';
import { encodePacked } from './packed-batch.js';
import { type ReadPackedBatch, readPacked } from './read-packed.js';

/**
 * A batch of the bus without its first `rows` rows, in memory of its own; empty when it has no more than those. For
 * the few records of which some rows were taken before: it packs anew.
 */
export function dropRows(packed: ReadPackedBatch, schema: Schema, rows: number): ReadPackedBatch {
  const batch = unpack([packed], packed.stream, schema);
  return readPacked(encodePacked(pack(sliceRows(batch, Math.min(rows, batch.rows), batch.rows))));
}
