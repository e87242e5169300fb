import { suggest } from '../../core/suggest.js';
import type { ConfigNode } from '../config/config-node.js';
import { list, object } from '../config/spec/collections.js';
import { duration, text } from '../config/spec/scalars.js';
import { type CheckContext, emptyMessage, type JsonSchema, type Spec, shownValue } from '../config/spec/spec.js';
import { type CaseRow, type CaseRows, readRows, rowsSchema } from './case-rows.js';

/** What happens in a case: a record comes, or receive time passes. */
export type Given = { rows: CaseRows } | { passUs: number };
/** A row that is to come out; without a stream any is right. */
export interface ExpectedRow extends CaseRow {
  stream: string | null;
}

const pass = object({ pass: { spec: duration(1, '1us'), required: true, example: '10s', doc: 'Receive time passes' } });

const given: Spec<Given> = {
  typeText: 'record or `{ pass: 10s }`',
  check(node, where, context) {
    if (node.kind !== 'map' || node.entries.length === 0) {
      const what = `${where} must be a record such as { stream: car/44/gps, at: 0s, speed: 10.5 }, or { pass: 10s }`;
      context.problems.error(node.offset, `${what}, not ${shownValue(node)}`);
      return undefined;
    }
    if (node.entries.some(({ key }) => key === 'pass')) {
      const read = pass.check(node, where, context);
      return read && { passUs: read.pass };
    }
    const rows = readRows(node, where, context);
    if (!rows) return undefined;
    if (rows.stream === null) {
      const near = node.entries.find(({ key }) => suggest(key, ['stream']));
      const hint = near ? `; did you mean "stream" by "${near.key}"?` : ', for example stream: car/44/gps';
      context.problems.error(near?.keyOffset ?? node.offset, `${where} lacks "stream"${hint}`);
      return undefined;
    }
    const timeless = rows.rows.find(({ timeUs }) => timeUs === null);
    if (!timeless) return { rows };
    context.problems.error(timeless.offset, `${where} has a row without a time; add at, for example at: 0s`);
    return undefined;
  },
  jsonSchema: () => ({ anyOf: [pass.jsonSchema(), ...rowsSchema(['stream'])] }),
};

const expected: Spec<ExpectedRow[]> = {
  typeText: 'list of rows',
  check(node, where, context) {
    if (node.kind !== 'list') {
      const message =
        node.kind === 'scalar' && node.value === null
          ? emptyMessage(where, node, '[] where nothing comes out')
          : `${where} must be a list of rows, or [] where nothing comes out, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    }
    const rows: ExpectedRow[] = [];
    for (const [i, item] of node.items.entries()) {
      const read = item.kind === 'map' ? readRows(item, `${where}[${i}]`, context) : undefined;
      if (item.kind !== 'map') {
        const what = `${where}[${i}] must be a row such as { at: 0s, kmh: 36.0 }, not ${shownValue(item)}`;
        context.problems.error(item.offset, what);
      }
      if (!read) return undefined;
      rows.push(...read.rows.map((row) => ({ ...row, stream: read.stream?.name ?? null })));
    }
    return rows;
  },
  jsonSchema: () => ({ type: 'array', items: { anyOf: rowsSchema([]) } }),
};

const truth: Spec<boolean> = {
  typeText: '`true` or `false`',
  check(node, where, context) {
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    return refuse(node, where, 'true or false', context);
  },
  jsonSchema: () => ({ type: 'boolean' }),
};

const tolerance: Spec<number> = {
  typeText: 'number from 0',
  check(node, where, context) {
    const value = node.kind === 'scalar' ? node.value : null;
    if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    return refuse(node, where, 'a number from 0, for example 1e-9', context);
  },
  jsonSchema: (): JsonSchema => ({ type: 'number', minimum: 0 }),
};

function refuse(node: ConfigNode, where: string, wanted: string, context: CheckContext): undefined {
  const isEmpty = node.kind === 'scalar' && node.value === null;
  const message = isEmpty ? emptyMessage(where, node, wanted) : `${where} must be ${wanted}, not ${shownValue(node)}`;
  context.problems.error(node.offset, message);
  return undefined;
}

const shared = {
  processor: {
    spec: text('the name of a processor'),
    example: 'g_at_position',
    doc: 'The processor whose rows are looked at',
  },
  exactly: { spec: truth, doc: 'Whether columns that a row does not name may not be there' },
  tolerance: {
    spec: tolerance,
    example: '1e-6',
    defaultText: '`1e-9`',
    doc: 'By how much a number may differ, times the larger of 1 and the number itself',
  },
} as const;

const oneCase = object({
  name: { spec: text('a sentence'), required: true, doc: 'What the case shows' },
  ...shared,
  given: { spec: list(given), required: true, doc: 'Records as they come, and time that passes' },
  expect: {
    spec: expected,
    required: true,
    example: '[{ at: 0s, kmh: 36.0 }]',
    doc: 'The rows that come out, in order',
  },
});

/** All keys of a file of cases; those beside `cases` hold for all of them unless a case has its own. */
export const caseFileSpec = object({
  ...shared,
  cases: { spec: list(oneCase), required: true, doc: 'The cases, each on its own' },
});

/** JSON Schema (draft 2020-12) of a file of cases, for editors. */
export function caseFileSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: '*.test.yaml',
    description: 'Cases for the processors of a Pitwall configuration: rows in, rows out.',
    ...caseFileSpec.jsonSchema(),
  };
}
