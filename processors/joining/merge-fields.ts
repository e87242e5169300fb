import type { ColumnType, Field } from '../../columnar/schema.js';

const WHOLE: readonly ColumnType[] = ['u8', 'i16', 'i32'];

/**
 * The field that holds the cells of both, when a stream's column changed its type or two streams name a column alike:
 * the wider one of unscaled whole numbers up to 32 bits, else f64. Throws an Error for a text beside a number or a bool.
 */
export function mergeFields(a: Field, b: Field): Field {
  if (a.type === b.type && a.scale === b.scale && a.offset === b.offset) return a;
  const special = (f: Field) => f.type === 'bool' || f.type === 'utf8';
  if (special(a) || special(b)) {
    throw new Error(`column "${a.name}" was ${a.type} and is ${b.type} now`);
  }
  const plain = [a, b].every((f) => f.scale === 1 && f.offset === 0);
  const wider = WHOLE[Math.max(WHOLE.indexOf(a.type), WHOLE.indexOf(b.type))];
  const whole = plain && WHOLE.includes(a.type) && WHOLE.includes(b.type);
  return { name: a.name, type: whole ? wider! : 'f64', scale: 1, offset: 0 };
}
