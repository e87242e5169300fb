import { takeBits, takeCells } from '../../columnar/kernels/take.js';
import { timeOrder } from '../../columnar/sort-by-time.js';
import type { ParquetRows } from './parquet-columns.js';

/** The rows by time, equal times in the order they came; the same object when they are so already. */
export function sortedRows(from: ParquetRows): ParquetRows {
  const { rows, bytes, schema, columns } = from;
  const order = timeOrder(from.timeUs, rows);
  if (order === null) return from;
  return {
    rows,
    bytes,
    schema,
    timeUs: takeCells('f64', from.timeUs, order, rows) as Float64Array,
    columns: columns.map(({ field, values, nulls, dictionary }) => ({
      field,
      values: takeCells(field.type, values, order, rows),
      nulls: nulls ? takeBits(nulls, order, rows) : null,
      dictionary,
    })),
  };
}
