import type { Batch } from '../../columnar/batch.js';
import { filterRows } from '../../columnar/kernels/filter.js';
import type { CompiledExpression } from '../expressions/compile.js';
import type { FilterStep } from '../plan.js';
import { StepExpression } from './expression-step.js';
import { type Operator, SchemaCache, type StepContext, stepFailed } from './operator.js';

/** Keeps the rows whose expression is true; rows for which it is false or null go. */
export function filter(step: FilterStep, context: StepContext): Operator {
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
