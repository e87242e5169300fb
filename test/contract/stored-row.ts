import type { DuckDBTimestampTZValue } from '@duckdb/node-api';
import { cellOfJson } from './json-cells.js';
import type { Row, Rows } from './sink-workload.js';

/** What is of the row as a whole, and none of its cells. */
const OF_ROW = ['stream', 'position'];

/** A row of the workload as it was, from what DuckDB or `parseExactly` gives of it. */
export function storedRow(cells: Record<string, unknown>): Row {
  const row: Row = {};
  for (const name in cells) {
    const value = cells[name];
    if (value === null || OF_ROW.includes(name)) continue;
    if (name === 'time') row.timeUs = Number((value as DuckDBTimestampTZValue).micros);
    else row[name] = cellOfJson(name, value);
  }
  return row;
}

/** Rows that hold the name of their stream, a list a stream in their order. */
export function storedRows(rows: Iterable<Record<string, unknown>>): Rows {
  const all: Rows = new Map();
  for (const cells of rows) {
    const stream = cells.stream as string;
    const list = all.get(stream);
    if (list) list.push(storedRow(cells));
    else all.set(stream, [storedRow(cells)]);
  }
  return all;
}
