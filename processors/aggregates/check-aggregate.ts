import { type Field, field, Schema } from '../../columnar/schema.js';
import type { ValueType } from '../expressions/ast.js';
import { checkExpression, inferTypes } from '../expressions/check.js';
import { compileExpression } from '../expressions/compile.js';
import { ExpressionError, type ExpressionFault } from '../expressions/fault.js';
import {
  type AggregateCall,
  type AggregateExpression,
  argumentFault,
  parseAggregates,
} from './aggregate-expression.js';

export interface AggregateCheck {
  /** What comes out; null when something is wrong, or the schema is not known. */
  field: Omit<Field, 'name'> | null;
  faults: ExpressionFault[];
}

/** The check of a plan: everything wrong with an aggregate expression over the columns of a schema, null when unknown. */
export function checkAggregate(text: string, schema: Schema | null): AggregateCheck {
  const faults: ExpressionFault[] = [];
  let expression: AggregateExpression;
  try {
    expression = parseAggregates(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { field: null, faults: [error.fault] };
  }
  const results = new Map<string, ValueType>();
  for (const call of expression.calls) results.set(call.key, checkCall(call, schema, faults));
  if (faults.length > 0) return { field: null, faults };
  inferTypes(expression.outer, (key) => results.get(key)!, faults);
  if (faults.length > 0 || schema === null) return { field: null, faults };
  const { field: given } = compileExpression(
    expression.outer,
    new Schema(
      [...results].flatMap(([key, type]) =>
        type === 'null' ? [] : [field(key, type === 'text' ? 'utf8' : type === 'bool' ? 'bool' : 'f64')],
      ),
    ),
  );
  if (given === null) {
    const { at, length } = expression.outer;
    faults.push({ at, length, message: 'the expression gives nothing but null', suggestion: null });
  }
  return { field: given && field('', given.type), faults };
}

/** The type of what a call gives. */
function checkCall(call: AggregateCall, schema: Schema | null, faults: ExpressionFault[]): ValueType {
  const types = call.args.map(({ node }, i) => {
    const check = checkExpression(node, schema);
    faults.push(...check.faults);
    if (check.faults.length > 0) return check.type;
    const fault = argumentFault(call, i, check.type);
    if (fault) faults.push(fault);
    return check.type;
  });
  switch (call.entry.gives) {
    case 'count':
      return 'number';
    case 'same':
      return types[0]!;
    case 'number':
      return types.every((type) => type === 'null') ? 'null' : 'number';
  }
}
