import type { Batch } from '../../columnar/batch.js';
import { Schema } from '../../columnar/schema.js';
import type { SelectStep } from '../plan.js';
import { requireColumn } from './check-expression.js';
import { SchemaCache } from './schema-cache.js';
import type { StepContext } from './step-context.js';
import type { Operator, Verb } from './verb.js';

/** Keeps the named columns in the named order, or drops the named ones. */
export const select: Verb<SelectStep> = {
  check(step, schema, { path, fault }) {
    const chosen = step.keep ?? step.drop;
    if (!chosen || (step.keep && step.drop)) fault(path, 'select takes either the columns to keep or those to drop');
    const listed = chosen ?? [];
    listed.forEach((name, i) => {
      const where = step.keep ? [...path, i] : [...path, 'drop', i];
      if (listed.indexOf(name) !== i) fault(where, `column ${name} stands twice`);
      else if (schema) requireColumn(schema, name, where, fault);
    });
    if (!schema) return null;
    return new Schema(
      step.keep
        ? [...new Set(step.keep)].flatMap((name) => schema.fields[schema.indexOf(name)] ?? [])
        : schema.fields.filter((f) => !step.drop?.includes(f.name)),
    );
  },

  compile(step, context) {
    return { operator: selector(step, context) };
  },
};

/** A column that is not there (yet) is left out. */
function selector(step: SelectStep, context: StepContext): Operator {
  const compiled = new SchemaCache((batch: Batch) => {
    const { schema } = batch;
    const missing = (step.keep ?? step.drop ?? []).filter((name) => schema.indexOf(name) < 0);
    for (const name of missing) {
      context.warn(`select: the rows of ${batch.stream} do not have column ${name} so far; it is left out`);
    }
    const kept = step.keep
      ? step.keep.map((name) => schema.indexOf(name)).filter((index) => index >= 0)
      : schema.fields.map((_, i) => i).filter((i) => !step.drop?.includes(schema.fields[i]!.name));
    return { schema: new Schema(kept.map((index) => schema.fields[index]!)), kept };
  });
  return {
    keepsRows: true,
    apply(batch) {
      const { schema, kept } = compiled.get(batch);
      const columns = kept.map((index) => batch.columns[index]!);
      return { stream: batch.stream, schema, rows: batch.rows, timeUs: batch.timeUs, columns };
    },
  };
}
