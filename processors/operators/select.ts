import type { Batch } from '../../columnar/batch.js';
import { Schema } from '../../columnar/schema.js';
import type { SelectStep } from '../plan.js';
import { type Operator, SchemaCache, type StepContext } from './operator.js';

/** Keeps the named columns in the named order, or drops the named ones. A column that is not there (yet) is left out. */
export function select(step: SelectStep, context: StepContext): Operator {
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
    apply(batch) {
      const { schema, kept } = compiled.get(batch);
      const columns = kept.map((index) => batch.columns[index]!);
      return { stream: batch.stream, schema, rows: batch.rows, timeUs: batch.timeUs, columns };
    },
  };
}
