import type { ExpectedRow } from './case-keys.js';
import { type Comparison, type Difference, differingColumn, formatExpected, formatGot } from './compare-rows.js';
import type { GotRow } from './run-case.js';

/** Rows before and after the first that differs. */
const BEFORE = 2;
const AFTER = 3;
const COLUMNS_MAX = 12;

/**
 * Expected (`-`) and got (`+`) rows around the first difference, which `>` marks, with the cell underlined. Rows that
 * are right stand once.
 */
export function failureTable(
  expected: readonly ExpectedRow[],
  got: readonly GotRow[],
  difference: Difference,
  how: Comparison,
): string[] {
  const columns = columnsOf(expected, got, difference, how.exactly);
  const lines: { mark: string; cells: string[] }[] = [{ mark: '', cells: columns }];
  const first = Math.max(0, difference.row - BEFORE);
  const last = Math.min(Math.max(expected.length, got.length), difference.row + AFTER + 1);
  let underlined = -1;
  for (let row = first; row < last; row++) {
    const want = expected[row];
    const have = got[row];
    const isFirst = row === difference.row;
    const mark = isFirst ? '> ' : '  ';
    if (have && want && differingColumn(want, have, how) === null) {
      lines.push({ mark: '  =', cells: columns.map((column) => formatGot(have, column)) });
      continue;
    }
    if (want) lines.push({ mark: `${mark}-`, cells: columns.map((column) => formatExpected(want, column)) });
    if (have) lines.push({ mark: `${mark}+`, cells: columns.map((column) => formatGot(have, column)) });
    if (isFirst && difference.column !== null) underlined = lines.length;
  }
  const widths = columns.map((_, c) => Math.max(...lines.map(({ cells }) => cells[c]!.length)));
  const text = lines.map(({ mark, cells }) => {
    return `${mark.padEnd(3)} ${cells.map((cell, c) => cell.padEnd(widths[c]!)).join('  ')}`.trimEnd();
  });
  if (underlined > 0) {
    const c = columns.indexOf(difference.column!);
    const before = widths.slice(0, c).reduce((sum, width) => sum + width + 2, 4);
    text.splice(
      underlined,
      0,
      `${' '.repeat(before)}${'^'.repeat(Math.max(1, lines[underlined - 1]!.cells[c]!.length))}`,
    );
  }
  if (last < Math.max(expected.length, got.length)) text.push(`    … ${expected.length} expected, ${got.length} got`);
  return text;
}

/** Time, stream where one is named, the columns that were expected; all of them where nothing says which. */
function columnsOf(
  expected: readonly ExpectedRow[],
  got: readonly GotRow[],
  difference: Difference,
  exactly: boolean,
): string[] {
  const hasStream = expected.some(({ stream }) => stream !== null) || new Set(got.map(({ stream }) => stream)).size > 1;
  const columns = new Set(['at', ...(hasStream ? ['stream'] : [])]);
  const own = new Set(expected.flatMap(({ cells }) => [...cells.keys()]));
  for (const column of own) columns.add(column);
  if (exactly || own.size === 0) for (const row of got) for (const column of row.cells.keys()) columns.add(column);
  const shown = [...columns].slice(0, COLUMNS_MAX);
  if (difference.column !== null && !shown.includes(difference.column)) shown.push(difference.column);
  return shown;
}
