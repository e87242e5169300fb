import type { Batch, CellArray } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import type { Field } from '../../columnar/schema.js';

/** How the cells of a column are written as text. */
export type CellKind = 'float64' | 'float32' | 'integer' | 'bool' | 'utf8';

const NO_CELLS = new Float64Array(0);

/** One column's cells, as doubles whatever their type, so that the row loop sees one kind of array. */
export class TextCells {
  readonly kind: CellKind;
  cells: Float64Array = NO_CELLS;
  /** The cells as they are, for integers beyond 2^53. */
  values: CellArray = NO_CELLS;
  nulls: Uint8Array | null = null;
  /** Decimals of the last cell, where the search for those of the next starts. */
  decimals = 0;

  constructor(protected readonly field: Field) {
    const { type, scale, offset } = field;
    if (type === 'utf8' || type === 'bool') this.kind = type;
    else if (type === 'f64' || scale !== 1 || offset !== 0) this.kind = 'float64';
    else this.kind = type === 'f32' ? 'float32' : 'integer';
  }

  /** Takes the cells of a batch. `scratch` is used where they are no doubles, or a longer one; returns what the next call may use. */
  protected loadCells(batch: Batch, index: number, scratch: Float64Array = NO_CELLS): Float64Array {
    const { values, nulls } = batch.columns[index]!;
    const { rows } = batch;
    const { scale, offset } = this.field;
    this.values = values;
    this.nulls = nulls;
    if (values instanceof Float64Array) {
      this.cells = values;
      return scratch;
    }
    const cells = scratch.length >= rows ? scratch : new Float64Array(Math.max(rows, 2 * scratch.length));
    if (values instanceof BigInt64Array) int64ToFloat64(values, cells, rows);
    else for (let i = 0; i < rows; i++) cells[i] = values[i]!;
    if (scale !== 1 || offset !== 0) for (let i = 0; i < rows; i++) cells[i] = cells[i]! * scale + offset;
    this.cells = cells;
    return cells;
  }

  unload(): void {
    this.cells = NO_CELLS;
    this.values = NO_CELLS;
    this.nulls = null;
  }
}
