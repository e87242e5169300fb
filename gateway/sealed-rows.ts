import type { Batch } from '../columnar/batch.js';
import { compactDictionary } from '../columnar/kernels/dictionary.js';
import { sliceRows } from '../columnar/kernels/slice.js';
import { CELL_BYTES, type Schema } from '../columnar/schema.js';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.js';

/** Fixed-width cells of one batch: the other half of its limit is left to dictionaries. */
const CELL_BYTES_MAX = BATCH_BYTES_MAX / 2;

/** One message may not blow up to more than this, which only rows with few cells in a stream of many columns do. */
const MESSAGE_CELL_BYTES_MAX = 8 * BATCH_BYTES_MAX;
/** Bytes of a row's time and cells, without texts. */
function rowBytes(schema: Schema): number {
  let bytes = 8;
  for (const { type } of schema.fields) bytes += CELL_BYTES[type];
  return bytes;
}

/** Rows of these columns that one record may hold. */
export function rowsAtOnce(schema: Schema): number {
  return Math.min(BATCH_ROWS_MAX, Math.floor(CELL_BYTES_MAX / rowBytes(schema)));
}

/** Why so many rows of one message are too many: few cells a row in very many columns. Null when they are not. */
export function growthFault(rows: number, stream: string, schema: Schema): string | null {
  const bytes = rows * rowBytes(schema);
  if (bytes <= MESSAGE_CELL_BYTES_MAX) return null;
  return `has ${rows} rows, and stream "${stream}" has ${schema.fields.length} columns: ${bytes} bytes of cells, where ${MESSAGE_CELL_BYTES_MAX} are allowed; send fewer rows a message`;
}

/** A closed batch that is too large for one record, given out in parts. */
export class SealedRows {
  private from = 0;

  constructor(private readonly batch: Batch) {}

  get left(): number {
    return this.batch.rows - this.from;
  }

  /** The next part, with the texts that it uses. */
  next(): Batch {
    const to = Math.min(this.batch.rows, this.from + rowsAtOnce(this.batch.schema));
    const part = sliceRows(this.batch, this.from, to);
    this.from = to;
    const columns = part.columns.map((column) => (column.dictionary ? compactDictionary(column, part.rows) : column));
    return { ...part, columns };
  }
}
