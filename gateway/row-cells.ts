import { CELL_BOOL, CELL_NULL, CELL_NUMBER, CELL_TEXT } from '../columnar/column-builder.js';

/**
 * The cells of one row on their way into a builder, used again for every row. `columns[i]` is the place of cell i's
 * column in the builder, or -1: then `names[i]` finds it. A bool stands in `numbers` as 0 or 1.
 */
export class RowCells {
  count = 0;
  columns = new Int32Array(32);
  kinds = new Uint8Array(32);
  numbers = new Float64Array(32);
  readonly names: string[] = [];
  readonly texts: string[] = [];

  /** Adds a cell of the column `name`; of two with one name the later counts. */
  add(name: string, value: number | boolean | string | null): void {
    const at = this.count++;
    if (at >= this.columns.length) this.reserve(this.count);
    this.columns[at] = -1;
    this.names[at] = name;
    if (typeof value === 'number') {
      this.kinds[at] = CELL_NUMBER;
      this.numbers[at] = value;
    } else if (typeof value === 'string') {
      this.kinds[at] = CELL_TEXT;
      this.texts[at] = value;
    } else if (typeof value === 'boolean') {
      this.kinds[at] = CELL_BOOL;
      this.numbers[at] = value ? 1 : 0;
    } else this.kinds[at] = CELL_NULL;
  }

  reserve(count: number): void {
    if (count <= this.columns.length) return;
    const length = Math.max(count, this.columns.length * 2);
    const { columns, kinds, numbers } = this;
    this.columns = new Int32Array(length);
    this.columns.set(columns);
    this.kinds = new Uint8Array(length);
    this.kinds.set(kinds);
    this.numbers = new Float64Array(length);
    this.numbers.set(numbers);
  }

  /** The cell as a JavaScript value. */
  valueAt(at: number): number | boolean | string | null {
    const kind = this.kinds[at];
    if (kind === CELL_NUMBER) return this.numbers[at]!;
    if (kind === CELL_BOOL) return this.numbers[at] !== 0;
    return kind === CELL_TEXT ? this.texts[at]! : null;
  }
}
