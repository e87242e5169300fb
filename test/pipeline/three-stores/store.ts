import type { ColumnType } from '../../../columnar/schema.js';
import type { Cell, SentStream, SentTag, StoreName } from './sent-stream.js';

/** A row as a store's own query gives it: cells by the names that the store has. Null cells may be left out. */
export interface StoredRow {
  timeUs: number;
  cells: ReadonlyMap<string, Cell>;
}

/** All that a store has of one stream. */
export interface StoredStream {
  rows: StoredRow[];
  /** The types that cells have in the store, by column: one each, unless something is wrong. */
  types: ReadonlyMap<string, ReadonlySet<string>>;
}

/** One of the three, with what its README says that it makes of cells. */
export interface Store {
  readonly name: StoreName;
  /** What it calls the cells of each type of column. */
  readonly types: Readonly<Record<ColumnType | 'tag', string>>;
  /** What a cell that was sent is there; null: nothing. */
  expected(cell: Cell, type: ColumnType): Cell;
  /** A cell that was read, as `expected` gives it. */
  found(cell: Cell, type: ColumnType): Cell;
  tagValue(tag: SentTag): string;
  /** Whether rows without any cell are there. */
  readonly hasEmptyRows: boolean;
  read(stream: SentStream): Promise<StoredStream>;
  /** The names of all streams that it has rows of. */
  streams(): Promise<Set<string>>;
}
