import type { Batch, Column } from '../batch.js';
import { sliceBits } from './bitmap.js';

/** Rows `[from, to)` as views of the batch's arrays; null bitmaps are copied where they must be shifted. */
export function sliceRows(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.rows) return batch;
  const rows = to - from;
  const columns = batch.columns.map((column): Column => {
    return {
      values: column.values.subarray(from, to),
      nulls: column.nulls ? sliceBits(column.nulls, from, rows) : null,
      dictionary: column.dictionary,
    };
  });
  return { stream: batch.stream, schema: batch.schema, rows, timeUs: batch.timeUs.subarray(from, to), columns };
}

/** Rows `[from, to)` in memory of their own, so that a few rows do not keep a large batch alive. */
export function copyRows(batch: Batch, from: number, to: number): Batch {
  const view = sliceRows(batch, from, to);
  return {
    ...view,
    timeUs: view.timeUs.slice(0, view.rows),
    columns: view.columns.map((column) => ({
      values: column.values.slice(0, view.rows),
      nulls: column.nulls?.slice() ?? null,
      dictionary: column.dictionary,
    })),
  };
}
