import type { Batch } from '../../columnar/batch.js';
import { compactDictionary } from '../../columnar/kernels/dictionary.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import type { Schema } from '../../columnar/schema.js';
import { pack, unpack } from '../../schemas/data-block.js';
import { encodePacked } from '../../schemas/packed-batch.js';
import type { OriginPart } from '../bus.js';
import { type ForwardMessage, partsOf } from './forward-message.js';
import { readValue } from './read-value.js';

/**
 * A message that is too large for the broker, cut by rows into messages whose values take at most `bytesMax`, to be sent
 * in this order. Null when it cannot be cut so: a row of its own is larger, or it is nothing that has rows.
 */
export function splitMessage(message: ForwardMessage, schema: Schema, bytesMax: number): ForwardMessage[] | null {
  if (message.value === null || message.value.length <= bytesMax) return message.value && [message];
  const read = readValue(message.value, () => schema);
  if (read.schema === null) return null;
  const batch = unpack([read.packed!], read.packed!.stream, schema);
  const pieces: ForwardMessage[] = [];
  return cut(message, batch, 0, batch.rows, bytesMax, pieces) ? pieces : null;
}

/** Appends rows `[from, to)` to `pieces`, in halves of halves as long as they are too large; false when a row is. */
function cut(
  message: ForwardMessage,
  batch: Batch,
  from: number,
  to: number,
  bytesMax: number,
  pieces: ForwardMessage[],
): boolean {
  const value = encodePacked(pack(withOwnTexts(sliceRows(batch, from, to))));
  if (value.length <= bytesMax) {
    const parts = sliceParts(partsOf(message, batch.rows), from, to);
    pieces.push({ ...message, sequence: parts.at(-1)!.sequence, parts, rows: to - from, value });
    return true;
  }
  if (to - from === 1) return false;
  const middle = (from + to) >>> 1;
  return cut(message, batch, from, middle, bytesMax, pieces) && cut(message, batch, middle, to, bytesMax, pieces);
}

/** Texts of other rows would come along otherwise, and no cut would be small. */
function withOwnTexts(batch: Batch): Batch {
  const columns = batch.columns.map((column) => (column.dictionary ? compactDictionary(column, batch.rows) : column));
  return { ...batch, columns };
}

/** The origins of rows `[from, to)`. */
function sliceParts(parts: readonly OriginPart[], from: number, to: number): OriginPart[] {
  const slice: OriginPart[] = [];
  let at = 0;
  for (const { sequence, firstRow, rows } of parts) {
    const start = Math.max(from - at, 0);
    const end = Math.min(to - at, rows);
    if (start < end) slice.push({ sequence, firstRow: firstRow + start, rows: end - start });
    at += rows;
  }
  return slice;
}
