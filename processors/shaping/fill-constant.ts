import type { FillCell } from '../../columnar/kernels/fill.js';
import { type Field, field } from '../../columnar/schema.js';

const WHOLE_MAX: Partial<Record<Field['type'], [low: number, high: number]>> = {
  u8: [0, 255],
  i16: [-32768, 32767],
  i32: [-2147483648, 2147483647],
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** The column that a constant makes where there is none. */
export function constantField(name: string, value: number | boolean | string): Field {
  return field(name, typeof value === 'number' ? 'f64' : typeof value === 'boolean' ? 'bool' : 'utf8');
}

/** A constant as a cell of a field; null when the field cannot hold it. */
export function constantCell(value: number | boolean | string, { type, scale, offset }: Field): FillCell | null {
  if (type === 'utf8') return typeof value === 'string' ? value : null;
  if (type === 'bool') return typeof value === 'boolean' ? Number(value) : null;
  if (typeof value !== 'number') return null;
  if (type === 'f64') return value;
  if (type === 'f32') return Number.isFinite(value) && !Number.isFinite(Math.fround(value)) ? null : value;
  const exact = (value - offset) / scale;
  const raw = Math.round(exact);
  const [low, high] = WHOLE_MAX[type]!;
  // Decimal fractions such as 0.1 are not exact, so neither is what a scale makes of a whole number.
  if (!(Math.abs(exact - raw) <= 1e-6 && raw >= low && raw <= high)) return null;
  return type === 'i64' ? BigInt(raw) : raw;
}

export function doesNotFit(value: number | boolean | string, { name, type, scale, offset }: Field): string {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  const scaled = scale !== 1 || offset !== 0 ? ` in steps of ${scale} from ${offset}` : '';
  return `${shown} does not fit column ${name}, which is ${type}${scaled}`;
}
