import type { Batch } from '../../columnar/batch.js';
import { compactDictionary } from '../../columnar/kernels/dictionary.js';
import { Schema } from '../../columnar/schema.js';
import { pack, unpack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { readPacked } from '../../schemas/read-packed.js';

/** A batch as one `TelemetryBatch` that describes its own columns: how rows are kept in a snapshot. */
export function packRows(batch: Batch): Uint8Array {
  const columns = batch.columns.map((column) => (column.dictionary ? compactDictionary(column, batch.rows) : column));
  const packed = { ...pack({ ...batch, columns }), columns: [...batch.schema.fields] };
  const target = Buffer.alloc(packedBytesMax(packed));
  return target.subarray(0, writePacked(packed, target, 0));
}

/** What `packRows` wrote; the batch has memory of its own. */
export function unpackRows(bytes: Uint8Array): Batch {
  const packed = readPacked(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return unpack([packed], packed.stream, new Schema(packed.columns));
}
