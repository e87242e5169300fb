import type { LooseCell } from '../../columnar/column-typing.js';

/** A cell as its file has it: CSV knows only text, JSON lines know types. */
export type RecordedCell = LooseCell;

/** One row of a recording, or a line that is none. */
export interface RecordedRow {
  /** By place in `columns` of the source; may be shorter. Empty for a broken line. */
  cells: RecordedCell[];
  /** The line as it stands in the file. */
  raw: string;
  /** Cut by the end of the file, with a quote left open, with more fields than names, or no JSON object. */
  isBroken: boolean;
}

/** The rows of one file, in order. It may be read more than once. */
export interface RowSource {
  readonly path: string;
  /** Names in order of appearance; complete when all rows have been read once. */
  readonly columns: readonly string[];
  /** Whether texts may stand for numbers and truth values (CSV). */
  readonly isText: boolean;
  rows(): AsyncGenerator<RecordedRow[]>;
}
