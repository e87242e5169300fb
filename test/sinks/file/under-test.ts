import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { FileSink } from '../../../sinks/file/file-sink.js';
import { streamOfPath } from '../../../sinks/file/stream-path.js';
import { parseExactly } from '../../contract/json-cells.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell, Row, Rows } from '../../contract/sink-workload.js';
import { storedRow } from '../../contract/stored-row.js';

/** The file sink as the contract suite sees it, each format read back by something that shares no code with it. */

/** Files below a folder with this ending, as paths below it, without the sink's own folder. */
export function filesBelow(folder: string, ending: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return path === '.pitwall' ? [] : filesBelow(folder, ending, path);
      return entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}

let connection: Promise<DuckDBConnection> | undefined;

export async function query(sql: string): Promise<Record<string, unknown>[]> {
  connection ??= DuckDBInstance.create(':memory:').then((instance) => instance.connect());
  return (await (await connection).runAndReadAll(sql)).getRowObjects();
}

const nonFinite = (cell: Cell): boolean => typeof cell === 'number' && !Number.isFinite(cell);
const small = { sizeBytes: 6_000, rows: 150, everyUs: 3e6 };

export const jsonl: SinkUnderTest = {
  make: (folder) => new FileSink('under-test', { path: folder, format: 'jsonl', openFiles: 20 }),
  stored: (cell) => (nonFinite(cell) ? undefined : cell),
  async readRows(folder) {
    const all: Rows = new Map();
    for (const path of filesBelow(folder, '.jsonl')) {
      const lines = readFileSync(join(folder, path), 'utf8').split('\n');
      const stream = streamOfPath(path.slice(0, -'.jsonl'.length));
      if (lines.pop() !== '') throw new Error(`${path} ends within a line`);
      const rows = lines.map((line): Row => {
        const cells = parseExactly(line) as Record<string, unknown>;
        if (cells.stream !== stream) throw new Error(`${path}: ${line}`);
        return storedRow(cells);
      });
      if (rows.length > 0) all.set(stream, rows);
    }
    return all;
  },
};

export const csv: SinkUnderTest = {
  make: (folder) => new FileSink('under-test', { path: folder, format: 'csv', openFiles: 20 }),
  async readRows(folder) {
    const byHeader = new Map<string, string[]>();
    for (const path of filesBelow(folder, '.csv')) {
      const content = readFileSync(join(folder, path), 'utf8');
      if (content === '') continue;
      const header = content.slice(0, content.indexOf('\r\n'));
      byHeader.set(header, [...(byHeader.get(header) ?? []), path]);
    }
    const parts = new Map<string, Row[]>();
    for (const paths of byHeader.values()) {
      const list = paths.map((path) => `'${join(folder, path)}'`).join(', ');
      const found = await query(
        `FROM read_csv([${list}], header = true, all_varchar = true, allow_quoted_nulls = false, delim = ',',
         quote = '"', escape = '"', strict_mode = true, filename = true)`,
      );
      for (const { filename, ...cells } of found) {
        const path = (filename as string).slice(folder.length + 1);
        if (!parts.has(path)) parts.set(path, []);
        parts.get(path)!.push(storedRow(cells));
      }
    }
    const part = (path: string): number => Number(/\.(\d+)\.csv$/.exec(path)?.[1] ?? 1);
    const all: Rows = new Map();
    for (const path of [...parts.keys()].sort((a, b) => part(a) - part(b))) {
      const stream = streamOfPath(path.replace(/(\.\d+)?\.csv$/, ''));
      all.set(stream, [...(all.get(stream) ?? []), ...parts.get(path)!]);
    }
    return all;
  },
};

export const parquet: SinkUnderTest = {
  make: (folder) => new FileSink('under-test', { path: folder, format: 'parquet', roll: small, memoryBytes: 300_000 }),
  async readRows(folder) {
    const all: Rows = new Map();
    if (filesBelow(folder, '.parquet').length === 0) return all;
    const found = await query(
      `SELECT * EXCLUDE (file_row_number) FROM read_parquet('${folder}/**/partition=*/*.parquet', union_by_name = true,
       filename = true, file_row_number = true, hive_partitioning = false) ORDER BY filename, file_row_number`,
    );
    for (const { filename, ...cells } of found) {
      const path = (filename as string).slice(folder.length + 1);
      const stream = streamOfPath(path.replace(/\/partition=\d+\/\d{16}\.parquet$/, ''));
      if (!all.has(stream)) all.set(stream, []);
      all.get(stream)!.push(storedRow(cells));
    }
    return all;
  },
};

export const underTest = { jsonl, csv, parquet };
