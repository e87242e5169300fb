import type { Batch } from '../../columnar/batch.js';
import { filterRows } from '../../columnar/kernels/filter.js';
import type { CompiledExpression } from '../expressions/compile.js';
import type { FilterStep } from '../plan.js';
import { checkText, FILTER_NEEDS } from './check-expression.js';
import { SchemaCache } from './schema-cache.js';
import { type StepContext, stepFailed } from './step-context.js';
import { StepExpression } from './step-expression.js';
import type { Operator, Verb } from './verb.js';

/** Keeps the rows whose expression is true; rows for which it is false or null go. */
export const filter: Verb<FilterStep> = {
  check(step, schema, { path, fault }) {
    const result = checkText(step.where, path, schema, fault, true);
    if (result && result.type !== 'bool') fault(path, FILTER_NEEDS);
    return schema;
  },

  compile(step, context) {
    return { operator: rowFilter(step, context) };
  },
};

function rowFilter(step: FilterStep, context: StepContext): Operator {
  const where = new StepExpression(step.where, 'filter', context);
  const compiled = new SchemaCache((batch: Batch): CompiledExpression => {
    const expression = where.compile(batch);
    if (expression.field && expression.field.type !== 'bool') {
      throw stepFailed(context, `filter: "${step.where}" does not give true or false for the rows of ${batch.stream}`);
    }
    return expression;
  });
  return {
    apply(batch) {
      const expression = compiled.get(batch);
      if (expression.field === null) return null;
      const kept = filterRows(batch, expression.evaluate(batch));
      return kept.rows === 0 ? null : kept;
    },
  };
}
