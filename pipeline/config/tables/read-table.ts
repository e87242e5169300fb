import { extname } from 'node:path';
import { ColumnTyping, type LooseCell, numberOf, textOf, truthOf } from '../../../columnar/column-typing.js';
import { COLUMNS_MAX } from '../../../core/limits.js';
import { formatBytes } from '../../../core/units.js';
import type { LookupColumn, LookupTable } from '../../../processors/plan.js';
import { textOfFile } from '../text-of-file.js';
import { csvRows, jsonLineRows, jsonListRows, type LooseRows } from './loose-rows.js';

/** A table is part of the plan, which is kept with the state of its processor and goes to every worker. */
export const TABLE_ROWS_MAX = 100_000;
export const TABLE_BYTES_MAX = 16 * 1024 * 1024;
/** As JSON, the form in which plans are kept: a table of empty cells grows to five times its file. */
const PLAN_BYTES_MAX = 2 * TABLE_BYTES_MAX;

const READERS: Readonly<Record<string, (text: string) => LooseRows>> = {
  '.csv': csvRows,
  '.jsonl': jsonLineRows,
  '.json': jsonListRows,
};

/**
 * The table in a file: CSV with a header, JSON lines or a JSON list, by the ending of its name. Column `key` holds a
 * number or a text in each row, none of them twice. Throws an Error that says what is wrong and in which line.
 */
export function readTable(path: string, key: string): LookupTable {
  const read = READERS[extname(path).toLowerCase()];
  if (!read) throw new Error('must end in .csv, .jsonl or .json');
  const table = read(textOfFile(path, TABLE_BYTES_MAX));
  if (table.cells.length === 0) throw new Error('the table has no rows');
  if (table.cells.length > TABLE_ROWS_MAX) {
    throw new Error(`the table has ${table.cells.length} rows, more than ${TABLE_ROWS_MAX}`);
  }
  if (table.names.length > COLUMNS_MAX) {
    throw new Error(`the table has ${table.names.length} columns, more than ${COLUMNS_MAX}`);
  }
  const columns = table.names.map((name, place) => columnOf(table, name, place));
  const keys = columns.find((column) => column.name === key);
  if (keys) checkKeys(keys, table);
  const bytes = Buffer.byteLength(JSON.stringify(columns));
  if (bytes > PLAN_BYTES_MAX) {
    throw new Error(
      `the table has ${formatBytes(bytes)} as JSON, more than ${formatBytes(PLAN_BYTES_MAX)}; leave out columns`,
    );
  }
  return { rows: table.cells.length, columns };
}

function columnOf({ names, cells, where, isText }: LooseRows, name: string, place: number): LookupColumn {
  const typing = new ColumnTyping(isText);
  let kind: string | null = null;
  for (const [row, each] of cells.entries()) {
    const cell = each[place] ?? null;
    typing.see(cell);
    if (isText || cell === null) continue;
    if (kind !== null && kind !== typeof cell) {
      throw new Error(`${where(row)}: column ${names[place]} is a ${typeof cell}, and a ${kind} before`);
    }
    kind = typeof cell;
  }
  const each = <T>(of: (cell: LooseCell) => T): T[] => cells.map((row) => of(row[place] ?? null));
  const { type } = typing;
  if (type === 'utf8') return { name, type, cells: each(textOf) };
  if (type === 'bool') return { name, type, cells: each(truthOf) };
  const numbers = each(numberOf);
  const endless = numbers.findIndex((cell) => cell !== null && !Number.isFinite(cell));
  if (endless >= 0) throw new Error(`${where(endless)}: column ${name} holds an infinite number`);
  return { name, type: type === 'i64' ? 'i64' : 'f64', cells: numbers };
}

function checkKeys({ name, type, cells }: LookupColumn, { where }: LooseRows): void {
  if (type === 'bool') throw new Error(`column ${name} is true or false, which is no key`);
  const first = new Map<LookupColumn['cells'][number], number>();
  for (const [row, cell] of cells.entries()) {
    if (cell === null) throw new Error(`${where(row)} has no ${name}, which is the key`);
    const before = first.get(cell);
    if (before !== undefined) {
      throw new Error(`${where(row)}: the key ${JSON.stringify(cell)} stands in ${where(before)} already`);
    }
    first.set(cell, row);
  }
}
