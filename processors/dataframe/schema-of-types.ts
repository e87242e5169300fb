import { COLUMN_TYPES, type ColumnType, field, Schema } from '../../columnar/schema.js';
import { Arguments } from './arguments.js';

/** The schema of `{ speed: 'f64', tyre: 'utf8' }`; null when nothing is given. */
export function schemaOfTypes(columns: unknown, verb: string): Schema | null {
  if (columns === undefined) return null;
  const args = new Arguments(verb);
  const types = Object.entries(args.object(columns, "columns with their types, such as { speed: 'f64' }"));
  if (types.length === 0) args.fail("the list of columns is empty; name them as in { speed: 'f64' }, or leave it out");
  return new Schema(
    types.map(([name, type]) => {
      if (name === '' || name === 'timeUs') args.fail(`a column cannot be called "${name}"`);
      return field(name, args.choice<ColumnType>(type, `the type of ${name}`, COLUMN_TYPES, 'f64'));
    }),
  );
}
