import type { Field, Schema } from '../../columnar/schema.js';
import { checkAggregate } from '../aggregates/aggregate-set.js';
import type { AddFault, Path } from '../plan-fault.js';
import { checkColumnName } from './check-expression.js';

/** The fields that aggregate expressions give over a known schema; those that are unknown or wrong are left out. */
export function checkAggregates(
  columns: Readonly<Record<string, string>>,
  path: Path,
  schema: Schema | null,
  fault: AddFault,
): Field[] {
  if (Object.keys(columns).length === 0) fault(path, 'the step names no column');
  const fields: Field[] = [];
  for (const [name, text] of Object.entries(columns)) {
    const where = [...path, name];
    checkColumnName(name, where, fault);
    const { field, faults } = checkAggregate(text, schema);
    for (const wrong of faults) fault(where, wrong.message, wrong, wrong.suggestion);
    if (field) fields.push({ ...field, name });
  }
  return fields;
}
