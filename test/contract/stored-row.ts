import type { DuckDBTimestampTZValue } from '@duckdb/node-api';
import { cellOfJson } from './json-cells.js';
import type { Row } from './sink-workload.js';

/** A row of the workload as it was, from what DuckDB or JSON gives of it; the stream's name is not part of it. */
export function storedRow(cells: Record<string, unknown>): Row {
  const row: Row = {};
  for (const name in cells) {
    const value = cells[name];
    if (value === null || name === 'stream') continue;
    if (name === 'time') row.timeUs = Number((value as DuckDBTimestampTZValue).micros);
    else row[name] = cellOfJson(name, value);
  }
  return row;
}
