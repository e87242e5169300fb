import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import lmdbRows from '../../../examples/sinks/lmdb-rows.js';
import oneFile from '../../../examples/sinks/one-file.js';
import { delivered } from '../../contract/delivered.js';
import { cellOfJson, parseExactly } from '../../contract/json-cells.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell, Row, Rows } from '../../contract/sink-workload.js';
import { numbersOf } from '../http/receiver.js';

/** The examples of sinks as the contract suite sees them. */

const stored = (cell: Cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell);

export const lmdb: SinkUnderTest = {
  stored,
  make: (folder) => {
    const options = { path: join(folder, 'rows.lmdb') };
    return delivered(lmdbRows({ name: 'under-test', options, stateFolder: folder }), folder);
  },
  async readRows(folder) {
    const database = open<string, string>({ path: join(folder, 'rows.lmdb'), encoding: 'string', readOnly: true });
    const found = [...database.getRange()].map(({ key, value }) => ({ at: numbersOf(key), value }));
    await database.close();
    found.sort((a, b) => a.at[0]! - b.at[0]! || a.at[1]! - b.at[1]! || a.at[2]! - b.at[2]!);
    return rowsOfLines(found.map(({ value }) => value));
  },
};

export const file: SinkUnderTest = {
  stored,
  make: (folder) =>
    oneFile({ name: 'under-test', options: { path: join(folder, 'all.jsonl') }, stateFolder: join(folder, 'state') }),
  async readRows(folder) {
    const path = join(folder, 'all.jsonl');
    return rowsOfLines(existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);
  },
};

function rowsOfLines(lines: readonly string[]): Rows {
  const all: Rows = new Map();
  for (const line of lines) {
    const { stream, position, ...cells } = parseExactly(line) as Record<string, unknown>;
    const list = all.get(stream as string) ?? [];
    all.set(stream as string, list);
    const row: Row = {};
    for (const [name, cell] of Object.entries(cells)) if (cell !== null) row[name] = cellOfJson(name, cell);
    list.push(row);
  }
  return all;
}
