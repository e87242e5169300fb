import type { Batch } from '../../columnar/batch.js';
import { isNull } from '../../columnar/batch.js';
import { convertCells } from '../../columnar/kernels/convert.js';
import { field } from '../../columnar/schema.js';
import type { LookupColumn } from '../plan.js';

/** Numbers meet numbers and texts meet texts; nothing else is a key. */
export type KeyKind = 'number' | 'text';

export function keyKind(type: string): KeyKind | null {
  if (type === 'utf8') return 'text';
  return type === 'bool' ? null : 'number';
}

/** Finds the row of a table by its key. */
export class TableIndex {
  readonly kind: KeyKind;
  private readonly rows = new Map<number | string, number>();
  /** Texts are looked up once for each dictionary. */
  private lastDictionary: readonly string[] | null = null;
  private lastRows = new Int32Array(0);

  /** Keys that are null are none. Throws an Error for a bool column and for a key that stands twice. */
  constructor(column: LookupColumn) {
    const kind = keyKind(column.type);
    if (kind === null) throw new Error(`column ${column.name} is true or false, which is no key`);
    this.kind = kind;
    column.cells.forEach((cell, row) => {
      if (cell === null || typeof cell === 'boolean') return;
      if (this.rows.has(cell)) throw new Error(`the key ${JSON.stringify(cell)} stands twice`);
      this.rows.set(cell, row);
    });
  }

  /** For each row of the batch the row of the table with the key in `column`, or -1. Gives how many were found. */
  find(batch: Batch, column: number, found: Int32Array): number {
    const { type } = batch.schema.fields[column]!;
    if (keyKind(type) !== this.kind) {
      found.fill(-1, 0, batch.rows);
      return 0;
    }
    return this.kind === 'text' ? this.findTexts(batch, column, found) : this.findNumbers(batch, column, found);
  }

  private findTexts({ rows, columns }: Batch, column: number, found: Int32Array): number {
    const { values, nulls, dictionary } = columns[column]!;
    const rowOf = this.rowsOf(dictionary!);
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const row = isNull(nulls, i) ? -1 : rowOf[values[i] as number]!;
      found[i] = row;
      if (row >= 0) count++;
    }
    return count;
  }

  private rowsOf(dictionary: readonly string[]): Int32Array {
    if (dictionary === this.lastDictionary && dictionary.length === this.lastRows.length) return this.lastRows;
    const rows = new Int32Array(dictionary.length);
    for (let d = 0; d < dictionary.length; d++) rows[d] = this.rows.get(dictionary[d]!) ?? -1;
    this.lastDictionary = dictionary;
    this.lastRows = rows;
    return rows;
  }

  private findNumbers({ rows, schema, columns }: Batch, column: number, found: Int32Array): number {
    const { values, nulls } = columns[column]!;
    const keys = new Float64Array(rows);
    convertCells(values, 0, schema.fields[column]!, keys, 0, field('', 'f64'), rows);
    let lastKey = Number.NaN;
    let lastRow = -1;
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const key = keys[i]!;
      // Keys seldom change from row to row.
      if (key !== lastKey) {
        lastKey = key;
        lastRow = this.rows.get(key) ?? -1;
      }
      const row = isNull(nulls, i) ? -1 : lastRow;
      found[i] = row;
      if (row >= 0) count++;
    }
    return count;
  }
}
