import type { CellArray, Column } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { interpolateNulls } from '../../columnar/kernels/interpolate.js';
import { takeCells } from '../../columnar/kernels/take.js';
import { type Field, field } from '../../columnar/schema.js';
import type { LookupColumn, LookupTable } from '../plan.js';

/** A column of a table, ready to be taken from. */
export class TableColumn {
  readonly field: Field;
  private readonly values: CellArray;
  /** One byte a row. */
  private readonly nullBytes: Uint8Array | null;
  private readonly texts: string[] | null;
  /** For each text its place in the dictionary being made, or -1. */
  private readonly places: Int32Array;

  constructor(column: LookupColumn, name: string) {
    const { type, cells } = column;
    this.field = field(name, type);
    this.values = newCells(type, cells.length);
    this.nullBytes = (cells as unknown[]).includes(null) ? new Uint8Array(cells.length) : null;
    const places = new Map<string, number>();
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      if (cell === null) this.nullBytes![i] = 1;
      else if (typeof cell === 'string') {
        let place = places.get(cell);
        if (place === undefined) places.set(cell, (place = places.size));
        this.values[i] = place;
      } else this.values[i] = (type === 'i64' ? BigInt(cell) : Number(cell)) as never;
    }
    this.texts = type === 'utf8' ? [...places.keys()] : null;
    this.places = new Int32Array(places.size).fill(-1);
  }

  /** The cells of the table's rows, null where a row is -1; `full`: none is. */
  take(rows: Int32Array, count: number, full: boolean): Column {
    const nulls = full && !this.nullBytes ? null : interpolateNulls(this.nullBytes, rows, rows, count);
    const values = takeCells(this.field.type, this.values, rows, count);
    // A few texts travel as they are, so that batches share one dictionary; of many only those that are used.
    if (this.texts === null || this.texts.length <= count) return { values, nulls, dictionary: this.texts };
    return { values, nulls, dictionary: this.compact(values as Int32Array, rows, count) };
  }

  /** Renumbers the texts of the cells; gives their dictionary. */
  private compact(values: Int32Array, rows: Int32Array, count: number): string[] {
    const dictionary: string[] = [];
    const used: number[] = [];
    for (let i = 0; i < count; i++) {
      if (rows[i]! < 0) continue;
      const text = values[i]!;
      let place = this.places[text]!;
      if (place < 0) {
        place = dictionary.push(this.texts![text]!) - 1;
        this.places[text] = place;
        used.push(text);
      }
      values[i] = place;
    }
    for (const text of used) this.places[text] = -1;
    return dictionary;
  }
}

/** The columns that a lookup adds: those of the table but for its key. */
export function tableColumns(table: LookupTable, key: string, prefix: string): TableColumn[] {
  return table.columns
    .filter(({ name }) => name !== key)
    .map((column) => new TableColumn(column, prefix + column.name));
}
