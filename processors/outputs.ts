import type { Batch, Column } from '../columnar/batch.js';
import { concatBatches } from '../columnar/kernels/concat.js';
import { compactDictionary } from '../columnar/kernels/dictionary.js';
import { sliceRows } from '../columnar/kernels/slice.js';
import { CELL_BYTES } from '../columnar/schema.js';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.js';

/** Texts are not counted, so there must be room for them below the limit of a record. */
const CELL_BYTES_MAX = BATCH_BYTES_MAX / 4;

/**
 * The rows of one lane in as few batches as their order allows: neighbours of one schema become one while times ascend
 * and the batch stays below the limits of a record. Dictionaries hold only what the rows use.
 */
export function mergeBatches(batches: readonly Batch[]): Batch[] {
  const out: Batch[] = [];
  let group: Batch[] = [];
  let rows = 0;
  const close = () => {
    if (group.length > 0) out.push(compacted(concatBatches(group)));
    group = [];
    rows = 0;
  };
  for (const whole of batches) {
    const rowsMax = rowsAllowed(whole);
    for (let from = 0; from < whole.rows; from += rowsMax) {
      const batch = sliceRows(whole, from, Math.min(whole.rows, from + rowsMax));
      const last = group.at(-1);
      const joins =
        last !== undefined &&
        rows + batch.rows <= rowsMax &&
        (last.schema === batch.schema || last.schema.fingerprint === batch.schema.fingerprint) &&
        last.timeUs[last.rows - 1]! <= batch.timeUs[0]!;
      if (!joins) close();
      group.push(batch);
      rows += batch.rows;
    }
  }
  close();
  return out;
}

function rowsAllowed(batch: Batch): number {
  let bytes = 9;
  for (const f of batch.schema.fields) bytes += CELL_BYTES[f.type] + 1 / 8;
  return Math.max(1, Math.min(BATCH_ROWS_MAX, Math.floor(CELL_BYTES_MAX / bytes)));
}

function compacted(batch: Batch): Batch {
  const isLoose = (column: Column) => column.dictionary !== null && column.dictionary.length > batch.rows;
  if (!batch.columns.some(isLoose)) return batch;
  const columns = batch.columns.map((column) => (isLoose(column) ? compactDictionary(column, batch.rows) : column));
  return { ...batch, columns };
}
