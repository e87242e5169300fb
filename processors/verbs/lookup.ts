import type { Batch } from '../../columnar/batch.js';
import { takeRows } from '../../columnar/kernels/take.js';
import { field, Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import { tableColumns } from '../lookup/table-columns.js';
import { keyKind, TableIndex } from '../lookup/table-index.js';
import type { LookupStep } from '../plan.js';
import { requireColumn } from './check-expression.js';
import { SchemaCache } from './schema-cache.js';
import { type StepContext, stepFailed } from './step-context.js';
import type { Operator, Verb } from './verb.js';

/** Puts the columns of a table beside each row by equal keys. */
export const lookup: Verb<LookupStep> = {
  check(step, schema, { path, fault }) {
    const { on, table, prefix } = step;
    const key = table.columns.find(({ name }) => name === on.table);
    if (!key) {
      const names = table.columns.map(({ name }) => name);
      const meant = suggest(on.table, names);
      const hint = meant ? `; did you mean ${meant}?` : `; it has ${names.join(', ')}`;
      fault([...path, 'on'], `the table has no column ${on.table}${hint}`, null, meant);
      return null;
    }
    try {
      new TableIndex(key);
    } catch (error) {
      fault([...path, 'on'], (error as Error).message);
    }
    if (!schema) return null;
    requireColumn(schema, on.left, [...path, 'on'], fault);
    const left = schema.fields[schema.indexOf(on.left)];
    if (!left) return null;
    const [one, other] = [keyKind(left.type), keyKind(key.type)];
    if (one !== other) {
      const what = `column ${on.left} holds ${one === null ? 'true or false' : `${one}s`}, the key of the table ${other}s`;
      fault([...path, 'on'], `${what}: no row would match`);
    }
    const fields = [...schema.fields];
    for (const { name, type } of table.columns) {
      if (name === on.table) continue;
      if (schema.indexOf(prefix + name) >= 0) {
        fault([...path, 'prefix'], `column ${prefix + name} exists already; give the lookup another prefix`);
        return null;
      }
      fields.push(field(prefix + name, type));
    }
    return new Schema(fields);
  },

  compile(step, context) {
    return { operator: finder(step, context) };
  },
};

function finder(step: LookupStep, context: StepContext): Operator {
  const { on, keep } = step;
  const index = new TableIndex(step.table.columns.find(({ name }) => name === on.table)!);
  const columns = tableColumns(step.table, on.table, step.prefix);
  let found = new Int32Array(0);
  const compiled = new SchemaCache((batch: Batch) => {
    const { schema, stream } = batch;
    const at = schema.indexOf(on.left);
    const left = schema.fields[at];
    if (!left) context.warn(`lookup: the rows of ${stream} do not have column ${on.left} so far; no row matches`);
    else if (keyKind(left.type) !== index.kind) {
      context.warn(
        `lookup: column ${on.left} of ${stream} is ${left.type}, the keys are ${index.kind}s; no row matches`,
      );
    }
    const clash = columns.find((column) => schema.indexOf(column.field.name) >= 0);
    if (clash) {
      const what = `lookup: column ${clash.field.name} stands in the rows of ${stream} already`;
      throw stepFailed(context, `${what}; give the lookup another prefix, or drop the column before`);
    }
    return { at, schema: new Schema([...schema.fields, ...columns.map((column) => column.field)]) };
  });
  return {
    ...(keep === 'left' && { keepsRows: true }),
    apply(batch) {
      const { at, schema } = compiled.get(batch);
      if (found.length < batch.rows) found = new Int32Array(batch.rows * 2);
      const matched = at < 0 ? 0 : index.find(batch, at, found);
      if (at < 0) found.fill(-1, 0, batch.rows);
      let kept = batch;
      if (keep === 'inner' && matched < batch.rows) {
        if (matched === 0) return null;
        kept = matchedRows(batch, found, matched);
      }
      const full = kept !== batch || matched === batch.rows;
      const added = columns.map((column) => column.take(found, kept.rows, full));
      const { stream, rows, timeUs } = kept;
      return { stream, schema, rows, timeUs, columns: [...kept.columns, ...added] };
    },
  };
}

/** The rows that were found; `found` moves up with them. */
function matchedRows(batch: Batch, found: Int32Array, matched: number): Batch {
  const indices = new Int32Array(matched);
  let kept = 0;
  for (let i = 0; i < batch.rows; i++) {
    if (found[i]! < 0) continue;
    indices[kept] = i;
    found[kept++] = found[i]!;
  }
  return takeRows(batch, indices, kept);
}
