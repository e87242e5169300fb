import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBBlobValue } from '@duckdb/node-api';
import type { TestBucket } from '../../sinks/s3/bucket.js';
import { queryColumns, queryRows } from '../../support/duckdb.js';
import { tempDir } from '../../support/temp-dir.js';
import { type Cell, type SentStream, wholeNumber } from './sent-stream.js';
import type { Store, StoredRow, StoredStream } from './store.js';

/** Parquet objects of S3, each downloaded as it is and read by DuckDB. Cells of every type are there as they were. */
export function inS3(bucket: TestBucket, prefix: string): Store {
  const folder = tempDir('three-stores-s3');
  return {
    name: 'S3',
    types: {
      f64: 'DOUBLE',
      f32: 'FLOAT',
      i64: 'BIGINT',
      i32: 'INTEGER',
      i16: 'SMALLINT',
      u8: 'UTINYINT',
      bool: 'BOOLEAN',
      utf8: 'VARCHAR',
      tag: 'VARCHAR',
    },
    expected: (cell) => cell,
    found: (cell) => (typeof cell === 'bigint' ? wholeNumber(cell) : cell),
    tagValue: ({ value }) => value,
    hasEmptyRows: true,

    async read(stream: SentStream): Promise<StoredStream> {
      const below = mkdtempSync(join(folder, 'objects-'));
      try {
        let count = 0;
        for (const key of await bucket.keys(`${prefix}/${folderOf(stream.name)}`)) {
          const { bytes } = await bucket.get(key);
          writeFileSync(join(below, `${count++}.parquet`), bytes);
        }
        return count === 0 ? { rows: [], types: new Map() } : await rowsOf(below);
      } finally {
        rmSync(below, { recursive: true });
      }
    },

    async streams() {
      const folders = (await bucket.keys(prefix)).map((key) => key.slice(prefix.length + 1).split('/date=')[0]!);
      return new Set(folders.map(decodeURIComponent));
    },
  };
}

/** Levels of the stream's name as folders; all but letters, digits and `-._~` is percent-encoded, as Hive does it. */
function folderOf(stream: string): string {
  const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return stream
    .split('/')
    .map((level) => encodeURIComponent(level).replaceAll(/[!'()*]/g, percent))
    .join('/');
}

async function rowsOf(folder: string): Promise<StoredStream> {
  const files = `read_parquet('${folder}/*.parquet', union_by_name = true, hive_partitioning = false)`;
  const types = new Map(
    (await queryRows(`DESCRIBE FROM ${files}`)).map(([name, type]) => [name, type] as [string, string]),
  );
  // Texts are asked for as bytes, since DuckDB's client leaves out a byte order mark that a text begins with.
  const asBytes = [...types].flatMap(([name, type]) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    return type === 'VARCHAR' ? [`encode(${quoted}) AS ${quoted}`] : [];
  });
  const columns = await queryColumns(`SELECT * REPLACE (epoch_us(time) AS time, ${asBytes}) FROM ${files}`);
  const times = columns.find(({ name }) => name === 'time')!.cells as bigint[];
  const others = columns.filter(({ name }) => name !== 'time');
  const rows = times.map((time, row): StoredRow => {
    const cells = new Map<string, Cell>();
    for (const column of others) cells.set(column.name, cellOf(column.cells[row]));
    return { timeUs: Number(time), cells };
  });
  return { rows, types: new Map([...types].map(([name, type]) => [name, new Set([type])])) };
}

function cellOf(value: unknown): Cell {
  return value instanceof DuckDBBlobValue ? Buffer.from(value.bytes).toString() : (value as Cell);
}
