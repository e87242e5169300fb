import type { Batch, Column } from '../../columnar/batch.js';
import { type Field, Schema } from '../../columnar/schema.js';
import type { CompiledExpression } from '../expressions/compile.js';
import type { ColumnsStep } from '../plan.js';
import { checkColumnName, checkText } from './check-expression.js';
import { SchemaCache } from './schema-cache.js';
import type { StepContext } from './step-context.js';
import { StepExpression } from './step-expression.js';
import type { Operator, Verb } from './verb.js';

/** Adds or replaces columns; all expressions see the row as it was before the step. */
export const columns: Verb<ColumnsStep> = {
  check(step, schema, { path, fault }) {
    if (Object.keys(step.columns).length === 0) fault(path, 'the step names no column');
    const fields: Field[] = [...(schema?.fields ?? [])];
    for (const [name, text] of Object.entries(step.columns)) {
      const where = [...path, name];
      checkColumnName(name, where, fault);
      const result = checkText(text, where, schema, fault);
      if (!schema || !result) continue;
      const at = fields.findIndex((f) => f.name === name);
      fields[at < 0 ? fields.length : at] = { ...result, name };
    }
    return schema && new Schema(fields);
  },

  compile(step, context) {
    return { operator: adder(step, context) };
  },
};

interface Compiled {
  schema: Schema;
  /** For each column of the result: a column of the input, or an expression. */
  sources: (number | CompiledExpression)[];
}

/**
 * A replaced column keeps its place, new ones follow in their order. A column that could only be null, since all it reads
 * is missing, is left out.
 */
function adder(step: ColumnsStep, context: StepContext): Operator {
  const expressions = Object.entries(step.columns).map(
    ([name, text]) => [name, new StepExpression(text, `columns.${name}`, context)] as const,
  );
  const compiled = new SchemaCache((batch: Batch): Compiled => {
    const fields: Field[] = [...batch.schema.fields];
    const sources: (number | CompiledExpression)[] = fields.map((_, i) => i);
    for (const [name, text] of expressions) {
      const expression = text.compile(batch);
      const at = fields.findIndex((f) => f.name === name);
      if (expression.field === null) {
        if (at >= 0) {
          fields.splice(at, 1);
          sources.splice(at, 1);
        }
        continue;
      }
      const { type, scale, offset } = expression.field;
      const place = at < 0 ? fields.length : at;
      fields[place] = { name, type, scale, offset };
      sources[place] = expression;
    }
    return { schema: new Schema(fields), sources };
  });
  return {
    keepsRows: true,
    apply(batch) {
      const { schema, sources } = compiled.get(batch);
      const out = sources.map(
        (source): Column => (typeof source === 'number' ? batch.columns[source]! : source.evaluate(batch)),
      );
      return { stream: batch.stream, schema, rows: batch.rows, timeUs: batch.timeUs, columns: out };
    },
  };
}
