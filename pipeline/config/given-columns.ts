import type { Schema } from '../../columnar/schema.js';
import { suggestion } from '../../core/suggest.js';
import type { KnownSchema } from '../../processors/check-plan.js';
import type { GivenColumns } from '../../processors/dataframe/streaming-dataframe.js';
import { kindOf } from '../../schemas/evolution.js';

/**
 * Where a module says something else of the columns of streams than the schemas that the file declares for them: columns
 * that are not there, or hold something else. It may name some of the columns only, and numbers of any width.
 */
export function givenColumnFaults(given: readonly GivenColumns[], known: KnownSchema): string[] {
  return given.flatMap(({ input, schema }) => {
    const declared = 'pattern' in input ? known(input.pattern) : null;
    return declared && 'pattern' in input ? faultsOf(input.pattern, schema, declared) : [];
  });
}

function faultsOf(pattern: string, given: Schema, declared: Schema): string[] {
  return given.fields.flatMap(({ name, type }) => {
    const known = declared.fields[declared.indexOf(name)];
    if (known && kindOf(known.type) === kindOf(type)) return [];
    const says = `the module says that ${pattern} has the column ${name}`;
    if (known) return `${says} as ${type}, and the schema below streams has it as ${known.type}; let both say the same`;
    const names = declared.fields.map((field) => field.name);
    return `${says}, and the schema below streams does not${suggestion(name, names, 'it has')}`;
  });
}
