import type { ExpectedRow } from './case-keys.js';
import { CASE_EPOCH_US, formatSpan, signedDurationUs } from './case-time.js';
import type { GotCell, GotRow } from './run-case.js';

/** Where rows begin to differ from what was expected. */
export interface Difference {
  /** Index of the first row that differs, from 0. */
  row: number;
  /** The column in which it does; null when the row is missing or one too many. */
  column: string | null;
  message: string;
}

export interface Comparison {
  exactly: boolean;
  tolerance: number;
}

/** The first difference between the rows that came out and those expected, in their order; null when there is none. */
export function compareRows(
  expected: readonly ExpectedRow[],
  got: readonly GotRow[],
  how: Comparison,
): Difference | null {
  for (let row = 0; row < Math.max(expected.length, got.length); row++) {
    const want = expected[row];
    const have = got[row];
    if (!want) return { row, column: null, message: `row ${row + 1} came out and is not expected` };
    if (!have) return { row, column: null, message: `row ${row + 1} did not come out` };
    const column = differingColumn(want, have, how);
    if (column === null) continue;
    const given = formatGot(have, column);
    const wanted = want.cells.has(column) || isOwn(column) ? formatExpected(want, column) : 'no such column';
    return { row, column, message: `row ${row + 1}: ${column} is ${given}, not ${wanted}` };
  }
  return null;
}

/** The first column in which a row differs; `at` and `stream` stand for its time and its stream. */
export function differingColumn(want: ExpectedRow, have: GotRow, { exactly, tolerance }: Comparison): string | null {
  if (want.timeUs !== null && want.timeUs !== have.timeUs) return 'at';
  if (want.stream !== null && want.stream !== have.stream) return 'stream';
  for (const [column, { value }] of want.cells) {
    if (!isSame(value, cellOf(have, column), column, tolerance)) return column;
  }
  if (!exactly) return null;
  for (const [column, cell] of have.cells) if (cell !== null && !want.cells.has(column)) return column;
  return null;
}

export function formatExpected({ timeUs, stream, cells }: ExpectedRow, column: string): string {
  if (column === 'at') return timeUs === null ? '' : formatSpan(timeUs - CASE_EPOCH_US);
  if (column === 'stream') return stream ?? '';
  return cells.has(column) ? formatCell(cells.get(column)!.value) : '';
}

export function formatGot(row: GotRow, column: string): string {
  if (column === 'at') return formatSpan(row.timeUs - CASE_EPOCH_US);
  return column === 'stream' ? row.stream : formatCell(cellOf(row, column));
}

/** Columns of the rows come before tags of the same name, and one that is not there is null. */
function cellOf({ cells, tags }: GotRow, column: string): GotCell {
  return cells.get(column) ?? tags[column] ?? null;
}

function isOwn(column: string): boolean {
  return column === 'at' || column === 'stream';
}

/** Times (`windowEndUs`) are compared to the microsecond, and may be written as a span from the start of the case. */
function isSame(want: unknown, have: GotCell, column: string, tolerance: number): boolean {
  if (typeof want === 'object' && want !== null) return JSON.stringify(want) === have;
  if (typeof have !== 'number' && typeof have !== 'bigint') return want === have;
  if (column.endsWith('Us')) return have === (typeof want === 'string' ? CASE_EPOCH_US + signedDurationUs(want) : want);
  if (typeof want !== 'number') return false;
  const difference = Math.abs(want - Number(have));
  return difference <= tolerance * Math.max(1, Math.abs(want)) || Object.is(want, Number(have));
}

function formatCell(cell: unknown): string {
  if (typeof cell === 'object' && cell !== null) return JSON.stringify(cell);
  return typeof cell === 'string' && /^$|^\s|\s$/.test(cell) ? JSON.stringify(cell) : String(cell);
}
