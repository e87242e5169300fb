import type { LookupTable } from '../../../../processors/plan.js';
import { type ConfigNode, child } from '../../config-node.js';
import { object } from '../../spec/collections.js';
import { anyText, choice, path, text } from '../../spec/scalars.js';
import { below, type Spec, shownValue, type ValueOf } from '../../spec/spec.js';
import { readTable } from '../../tables/read-table.js';
import type { StepKey } from './step-key.js';

export interface LookupOn {
  left: string;
  table: string;
}

const column = text('the name of a column');

/** One name for both sides, or `{ LEFT: TABLE }`. */
const on: Spec<LookupOn> = {
  typeText: 'name of a column, or `{ COLUMN: COLUMN_OF_THE_TABLE }`',
  check(node, where, context) {
    if (node.kind === 'scalar') {
      const name = column.check(node, where, context);
      return name === undefined ? undefined : { left: name, table: name };
    }
    const [entry, ...more] = node.kind === 'map' ? node.entries : [];
    if (!entry || more.length > 0) {
      const example = 'one column of the rows and one of the table, as in { car_number: number }';
      context.problems.error(node.offset, `${where} must name ${example}, not ${shownValue(node)}`);
      return undefined;
    }
    const table = column.check(entry.value, below(where, entry.key), context);
    return table === undefined ? undefined : { left: entry.key, table };
  },
  jsonSchema: () => ({
    anyOf: [
      column.jsonSchema(),
      { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: column.jsonSchema() },
    ],
  }),
};

const keys = {
  file: {
    spec: path('file'),
    required: true,
    example: './drivers.csv',
    doc: 'The table: CSV with a header, `.jsonl`, or a JSON list of objects; read when the configuration is',
  },
  on: {
    spec: on,
    required: true,
    example: '{ car_number: number }',
    doc: 'The column whose cells are looked up, and the column of the table that holds them',
  },
  keep: {
    spec: choice({ left: true, inner: true }),
    default: 'left',
    doc: 'Whether rows that are not in the table are kept with nulls (`left`) or dropped (`inner`)',
  },
  prefix: { spec: anyText(), default: '', example: 'driver_', doc: "Put before the names of the table's columns" },
} as const;
const options = object(keys);

type Options = ValueOf<typeof keys>;

/** A step is read more than once, its file is not: tables by the node that names it. */
const tables = new WeakMap<ConfigNode, LookupTable | { fault: string }>();

const spec: Spec<Options & { table: LookupTable }> = {
  ...options,
  check(node, where, context) {
    const value = options.check(node, where, context);
    const file = child(node, 'file');
    if (!value || !file) return undefined;
    let table = tables.get(file);
    if (!table) tables.set(file, (table = tableOrFault(value.file, value.on.table)));
    if (!('fault' in table)) return { ...value, table };
    context.problems.error(file.offset, `${below(where, 'file')}: ${shownValue(file)}: ${table.fault}`);
    return undefined;
  },
};

function tableOrFault(file: string, key: string): LookupTable | { fault: string } {
  try {
    return readTable(file, key);
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

export const lookup: StepKey<Options & { table: LookupTable }> = {
  spec,
  doc: 'Adds the columns of a table, found by equal keys',
  plan: ({ on: columns, keep, prefix, table }) => ({ verb: 'lookup', on: columns, keep, prefix, table }),
};
