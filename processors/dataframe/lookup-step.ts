import { ColumnTyping, type LooseCell, numberOf, textOf, truthOf } from '../../columnar/column-typing.js';
import type { LookupColumn, LookupStep, LookupTable } from '../plan.js';
import { Arguments } from './arguments.js';
import type { NameOf, Value } from './columns.js';
import type { KindOf } from './mapped.js';

/** A table as it stands in the module, or in a JSON file that it imports: a row an object. */
export type TableRow = Readonly<Record<string, Value | null>>;

/** The column of the rows whose cells are looked up, and that of the table which holds them; one name where both have it. */
export type LookupOn<C, T> = (NameOf<C> & NameOf<T>) | { readonly [N in NameOf<C>]?: NameOf<T> };

/** The columns of a table but for its key. */
export type TableColumns<T, On> = {
  [N in keyof T as N extends (On extends string ? On : On[keyof On]) ? never : N]: KindOf<T[N]>;
};

export interface LookupOptions<On, P extends string = string> {
  on: On;
  /** Whether rows that are not in the table are kept with nulls (`left`) or dropped (`inner`). Default: `left`. */
  keep?: 'left' | 'inner';
  /** Put before the names of the table's columns; needed where one exists already. */
  prefix?: P;
}

/** The bounds of a table in a file: it is part of the plan, which goes to every worker. */
const ROWS_MAX = 100_000;

export function lookupStep(rows: unknown, given: unknown): LookupStep {
  const args = new Arguments('lookup');
  const options = args.options(given, ['on', 'keep', 'prefix']);
  return {
    verb: 'lookup',
    on: sides(args, options.on),
    keep: args.choice(options.keep, 'keep', ['left', 'inner'], 'left'),
    prefix: args.text(options.prefix, 'prefix', ''),
    table: tableOf(args, rows),
  };
}

function sides(args: Arguments, on: unknown): LookupStep['on'] {
  if (typeof on === 'string') return { left: on, table: on };
  const pairs = Object.entries(args.object(on, "on: 'number' or on: { car_number: 'number' }"));
  if (pairs.length !== 1) args.fail("on takes one column of the rows and one of the table: { car_number: 'number' }");
  const [left, table] = pairs[0]!;
  return { left, table: args.text(table, 'on') };
}

function tableOf(args: Arguments, rows: unknown): LookupTable {
  if (!Array.isArray(rows) || rows.length === 0)
    args.fail("takes a list of rows, such as [{ number: 44, driver: 'LH' }]");
  if (rows.length > ROWS_MAX) args.fail(`the table has ${rows.length} rows, more than ${ROWS_MAX}`);
  const objects = rows.map((row: unknown) => args.object(row, 'rows that are objects'));
  const names = new Set(objects.flatMap((row) => Object.keys(row)));
  return { rows: rows.length, columns: [...names].map((name) => columnOf(args, name, objects)) };
}

function columnOf(args: Arguments, name: string, rows: readonly Readonly<Record<string, unknown>>[]): LookupColumn {
  const typing = new ColumnTyping(false);
  let kind: string | null = null;
  const cells = rows.map((row, i) => {
    const cell = (row[name] ?? null) as LooseCell;
    if (cell === null) return null;
    if (!['number', 'boolean', 'string'].includes(typeof cell)) {
      args.fail(`row ${i + 1}: ${name} is no number, text or truth value`);
    }
    if (kind !== null && kind !== typeof cell)
      args.fail(`row ${i + 1}: ${name} is a ${typeof cell}, and a ${kind} before`);
    if (typeof cell === 'number' && !Number.isFinite(cell)) args.fail(`row ${i + 1}: ${name} is no finite number`);
    kind = typeof cell;
    typing.see(cell);
    return cell;
  });
  const { type } = typing;
  if (type === 'utf8') return { name, type, cells: cells.map(textOf) };
  if (type === 'bool') return { name, type, cells: cells.map(truthOf) };
  return { name, type: type === 'i64' ? 'i64' : 'f64', cells: cells.map(numberOf) };
}
