import { suggestion } from '../../core/suggest.js';
import { type ConfigNode, child, type MapNode } from '../config/config-node.js';
import { list } from '../config/spec/collections.js';
import { text } from '../config/spec/scalars.js';
import { below, type CheckContext, type JsonSchema, shownValue } from '../config/spec/spec.js';
import { absoluteSpec, atSpec } from './case-time.js';

/** A value as the file has it, and where. */
export interface CaseCell {
  /** What JSON would hold: texts, numbers, truth values, null, and lists and objects of them. */
  value: unknown;
  /** A number that is written with a point or an exponent. */
  isFraction: boolean;
  offset: number;
  /** Where its column is named. */
  nameOffset: number;
}

export interface CaseRow {
  /** Event time, microseconds since 1970; null where the row says none. */
  timeUs: number | null;
  cells: Map<string, CaseCell>;
  offset: number;
}

/** Rows of one stream, written one by one or as a table. */
export interface CaseRows {
  stream: { name: string; offset: number } | null;
  rows: CaseRow[];
}

const names = list(text('the name of a column'));

/**
 * Reads `{ stream, at, COLUMN: value … }`, or the table `{ stream, columns: […], rows: [[…] …] }`; every key that is not
 * named here is a column. Undefined when something is wrong with it, which has been reported then.
 */
export function readRows(node: MapNode, where: string, context: CheckContext): CaseRows | undefined {
  const isTable = node.entries.some(({ key }) => key === 'rows' || key === 'columns');
  const stream = child(node, 'stream');
  const name = stream && text('the name of a stream').check(stream, below(where, 'stream'), context);
  if (stream && name === undefined) return undefined;
  const rows = isTable ? tableRows(node, where, context) : oneRow(node, where, context);
  return rows && { stream: stream ? { name: name!, offset: stream.offset } : null, rows };
}

function oneRow(node: MapNode, where: string, context: CheckContext): CaseRow[] | undefined {
  const row: CaseRow = { timeUs: null, cells: new Map(), offset: node.offset };
  for (const { key, keyOffset, value } of node.entries) {
    if (key === 'stream') continue;
    if (!addCell(row, key, keyOffset, value, below(where, key), context)) return undefined;
  }
  return [row];
}

function tableRows(node: MapNode, where: string, context: CheckContext): CaseRow[] | undefined {
  const { problems } = context;
  const other = node.entries.find(({ key }) => !['stream', 'columns', 'rows'].includes(key));
  if (other) {
    const near = suggestion(other.key, ['stream', 'columns', 'rows']) || '; name a column in "columns"';
    problems.error(other.keyOffset, `${below(where, other.key)} is no key beside "columns" and "rows"${near}`);
    return undefined;
  }
  const columns = child(node, 'columns');
  const table = child(node, 'rows');
  if (!columns || !table) {
    const lacking = columns ? 'rows, for example rows: [[0s, 10]]' : 'columns, for example columns: [at, speed]';
    problems.error(node.offset, `${where} lacks ${lacking}`);
    return undefined;
  }
  const header = names.check(columns, below(where, 'columns'), context);
  if (!header) return undefined;
  const places = columns.kind === 'list' ? columns.items.map((item) => item.offset) : [];
  const twice = header.findIndex((name, i) => header.indexOf(name) < i);
  if (twice >= 0) {
    problems.error(places[twice]!, `${where}.columns names "${header[twice]}" twice`);
    return undefined;
  }
  if (table.kind !== 'list') {
    problems.error(table.offset, `${where}.rows must be a list of rows, not ${shownValue(table)}`);
    return undefined;
  }
  const rows: CaseRow[] = [];
  for (const [i, item] of table.items.entries()) {
    const at = `${where}.rows[${i}]`;
    if (item.kind !== 'list' || item.items.length !== header.length) {
      const given = item.kind === 'list' ? `${item.items.length} values` : shownValue(item);
      problems.error(item.offset, `${at} must be a list of ${header.length} values, one a column, not ${given}`);
      return undefined;
    }
    const row: CaseRow = { timeUs: null, cells: new Map(), offset: item.offset };
    for (const [c, cell] of item.items.entries()) {
      if (!addCell(row, header[c]!, places[c]!, cell, `${at}[${c}]`, context)) return undefined;
    }
    rows.push(row);
  }
  return rows;
}

function addCell(
  row: CaseRow,
  name: string,
  nameOffset: number,
  node: ConfigNode,
  where: string,
  context: CheckContext,
): boolean {
  if (name !== 'at' && name !== 't') {
    const isFraction = node.kind === 'scalar' && typeof node.value === 'number' && /[.eE]/.test(node.shown);
    row.cells.set(name, { value: jsonOf(node), isFraction, offset: node.offset, nameOffset });
    return true;
  }
  const timeUs = (name === 'at' ? atSpec : absoluteSpec).check(node, where, context);
  if (timeUs !== undefined && row.timeUs === null) row.timeUs = timeUs;
  else if (timeUs !== undefined) context.problems.error(nameOffset, `${where}: a row has one time; keep at or t`);
  return timeUs === row.timeUs;
}

function jsonOf(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(jsonOf);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, jsonOf(value)]));
}

/** The two forms, for editors. */
export function rowsSchema(required: readonly string[]): JsonSchema[] {
  const stream = { type: 'string', minLength: 1, description: 'The name of the stream.' };
  const cells = { type: 'array', items: {} };
  const table = { stream, columns: names.jsonSchema(), rows: { type: 'array', items: cells } };
  return [
    {
      type: 'object',
      required,
      properties: {
        stream,
        at: atSpec.jsonSchema(),
        t: absoluteSpec.jsonSchema(),
        rows: { not: {} },
        columns: { not: {} },
      },
    },
    { type: 'object', required: [...required, 'columns', 'rows'], properties: table, additionalProperties: false },
  ];
}
