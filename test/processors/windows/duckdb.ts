import { DuckDBInstance } from '@duckdb/node-api';
import type { Row } from '../telemetry.js';

export type Value = number | string | boolean | null;

/** Rows of a query over the table `t`, which holds these rows: `us` is their time, `seq` the order they came in. */
export async function query(sql: string, rows: readonly Row[], columns: Record<string, string>): Promise<Value[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const names = Object.keys(columns);
    const types = names.map((name) => `${name} ${columns[name]}`);
    await connection.run(`CREATE TABLE t (us BIGINT, seq BIGINT, ${types.join(', ')})`);
    const appender = await connection.createAppender('t');
    for (const [seq, row] of rows.entries()) {
      appender.appendBigInt(BigInt(row.timeUs));
      appender.appendBigInt(BigInt(seq));
      for (const name of names) {
        const cell = row[name] ?? null;
        if (cell === null) appender.appendNull();
        else if (typeof cell === 'string') appender.appendVarchar(cell);
        else if (typeof cell === 'boolean') appender.appendBoolean(cell);
        else appender.appendDouble(Number(cell));
      }
      appender.endRow();
    }
    appender.closeSync();
    const reader = await connection.runAndReadAll(sql);
    return reader
      .getRows()
      .map((row) => row.map((cell) => (typeof cell === 'bigint' ? Number(cell) : (cell as Value))));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
