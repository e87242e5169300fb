import { DuckDBInstance } from '@duckdb/node-api';

/** The rows of a query in DuckDB, whole numbers as numbers. */
export async function queryRows(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql);
  const rows = reader.getRows().map((row) => row.map((cell) => (typeof cell === 'bigint' ? Number(cell) : cell)));
  connection.closeSync();
  instance.closeSync();
  return rows;
}

export interface QueriedColumn {
  name: string;
  /** As DuckDB's client gives them: whole numbers of 64 bits as bigints. */
  cells: readonly unknown[];
}

/** What a query gives, column by column. */
export async function queryColumns(sql: string): Promise<QueriedColumn[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql);
  const cells = reader.getColumns();
  const columns = reader.columnNames().map((name, i) => ({ name, cells: cells[i]! }));
  connection.closeSync();
  instance.closeSync();
  return columns;
}
