import { type Field, field } from '../columnar/schema.js';

/** The field of a column whose values lie on lines between others: f64, or f32 where it was; bools and texts stay. */
export function interpolatedField(f: Field): Field {
  return f.type === 'f32' || f.type === 'bool' || f.type === 'utf8' ? f : field(f.name, 'f64');
}
