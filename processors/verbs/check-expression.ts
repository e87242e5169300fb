import type { Field, Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import type { Node } from '../expressions/ast.js';
import { checkExpression, columnType } from '../expressions/check.js';
import { compileExpression } from '../expressions/compile.js';
import { ExpressionError } from '../expressions/fault.js';
import { parseExpression } from '../expressions/parser.js';
import type { AddFault, Path } from '../plan-fault.js';

export const FILTER_NEEDS = 'a filter needs true or false; compare the value with something, as in x > 0';

/** The field an expression gives over a known schema; null when it is unknown or wrong. */
export function checkText(
  text: string,
  path: Path,
  schema: Schema | null,
  fault: AddFault,
  isFilter = false,
): Field | null {
  let node: Node;
  try {
    node = parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    fault(path, error.fault.message, error.fault, error.fault.suggestion);
    return null;
  }
  const { type, faults } = checkExpression(node, schema);
  for (const wrong of faults) fault(path, wrong.message, wrong, wrong.suggestion);
  if (faults.length > 0) return null;
  if (schema === null) {
    if (isFilter && (type === 'number' || type === 'text')) fault(path, FILTER_NEEDS, node);
    return null;
  }
  const result = compileExpression(node, schema).field;
  if (result === null) fault(path, 'the expression gives nothing but null', node);
  return result && { ...result, name: '' };
}

/** A column that the rows must have. */
export function requireColumn(schema: Schema, name: string, path: Path, fault: AddFault): void {
  if (columnType(schema, name) !== null) return;
  const meant = suggest(
    name,
    schema.fields.map((f) => f.name),
  );
  fault(path, `unknown column ${name}${meant ? `; did you mean ${meant}?` : ''}`, null, meant);
}

/** The name of a column that a step makes. */
export function checkColumnName(name: string, path: Path, fault: AddFault): void {
  if (name === '') fault(path, 'a column needs a name');
  if (name === 'timeUs') fault(path, 'timeUs is the time of the row and cannot be replaced');
}
