import type { Column } from '../../columnar/batch.js';
import { float64ToInt64 } from '../../columnar/int64.js';
import { compactDictionary } from '../../columnar/kernels/dictionary.js';
import { interpolateNulls } from '../../columnar/kernels/interpolate.js';
import { takeCells } from '../../columnar/kernels/take.js';
import type { ColumnType } from '../../columnar/schema.js';
import type { RightBuffer, RightColumn } from './right-buffer.js';

/** The cells of a right column at `indices`, null where an index is -1; `full`: none is. */
export function takeRight(
  column: RightColumn,
  type: ColumnType,
  indices: Int32Array,
  rows: number,
  full: boolean,
): Column {
  const nulls = full && !column.nullBytes ? null : interpolateNulls(column.nullBytes, indices, indices, rows);
  const values = takeCells(type, column.values, indices, rows);
  if (!column.texts) return { values, nulls, dictionary: null };
  return compactDictionary({ values, nulls, dictionary: column.texts.texts }, rows);
}

/** The times of the right rows at `indices` as a column of whole microseconds. */
export function takeTimes(right: RightBuffer, indices: Int32Array, rows: number, full: boolean): Column {
  const values = new BigInt64Array(rows);
  float64ToInt64(takeCells('f64', right.timeUs, indices, rows) as Float64Array, values, rows);
  return { values, nulls: full ? null : interpolateNulls(null, indices, indices, rows), dictionary: null };
}
