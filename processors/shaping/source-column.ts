import { type CellArray, type Column, isNull } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { convertCells } from '../../columnar/kernels/convert.js';
import type { Field } from '../../columnar/schema.js';
import type { Cell } from './cell.js';

/** Arrays for more rows than this are not kept. */
const ROWS_KEPT_MAX = 1 << 16;
/** No row of its own stands before the first. */
export const NO_CELL = Symbol('no cell');

/**
 * The cells of some rows of one column, one after the other, for kernels to read: in one field, with one byte a row for
 * nulls. Its arrays are used again, and longer than needed.
 */
export class SourceColumn {
  values: CellArray;
  /** 1 for null; null when no row has one. */
  nullBytes: Uint8Array | null = null;
  dictionary: readonly string[] | null = null;
  private bytes = new Uint8Array(0);

  constructor(private readonly on: Field) {
    this.values = newCells(on.type, 0);
  }

  /**
   * Loads the kept cell of the row before, if there is one, and the rows of a column from `from` on; a column that is
   * not there is null throughout.
   */
  load(kept: Cell | typeof NO_CELL, column: Column | null, field: Field | null, from: number, rows: number): void {
    const at = kept === NO_CELL ? 0 : 1;
    const count = rows - from;
    this.reserve(at + count);
    if (column) convertCells(column.values, from, field!, this.values, at, this.on, count);
    this.dictionary = this.on.type === 'utf8' ? (column?.dictionary ?? []) : null;
    this.nullBytes = null;
    if (column === null || column.nulls !== null || kept === null) {
      this.nullBytes = this.bytes.fill(column ? 0 : 1, 0, at + count);
      if (column?.nulls) for (let i = 0; i < count; i++) if (isNull(column.nulls, from + i)) this.bytes[at + i] = 1;
      if (at === 1) this.bytes[0] = kept === null ? 1 : 0;
    }
    if (kept !== NO_CELL && kept !== null) this.values[0] = this.raw(kept) as never;
    else if (at === 1) this.values[0] = (this.values instanceof BigInt64Array ? 0n : 0) as never;
  }

  private raw(cell: NonNullable<Cell>): number | bigint {
    if (typeof cell !== 'string') return cell;
    const texts = this.dictionary!;
    const known = texts.indexOf(cell);
    if (known < 0) this.dictionary = [...texts, cell];
    return known < 0 ? texts.length : known;
  }

  private reserve(rows: number): void {
    const kept = this.values.length;
    if (rows <= kept && (kept <= ROWS_KEPT_MAX || rows > ROWS_KEPT_MAX)) {
      // Cells under a null are read and thrown away, but those of texts must be places of the dictionary.
      if (this.on.type === 'utf8') this.values.fill(0 as never, 0, rows);
      return;
    }
    this.values = newCells(this.on.type, Math.max(rows, Math.min(2 * rows, ROWS_KEPT_MAX)));
    this.bytes = new Uint8Array(this.values.length);
  }
}
