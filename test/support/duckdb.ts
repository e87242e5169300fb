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
