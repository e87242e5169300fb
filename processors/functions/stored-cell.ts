import type { StateType } from './function-types.js';

/** Bounds what one lane can make a checkpoint cost. */
export const STATE_TEXT_BYTES_MAX = 64 * 1024;

/** A value that does not go into its column or field; the message follows its name. */
export class CellFault extends Error {}

const WHOLE: Partial<Record<StateType, [least: number, most: number]>> = {
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  i16: [-32768, 32767],
  u8: [0, 255],
};

/**
 * A value as a field of a type keeps it: the same after a restart as before. JSON values are copied and frozen. Throws
 * CellFault.
 */
export function storedCell(type: StateType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'utf8':
      return bounded(requireType(value, 'string', 'a text'));
    case 'bool':
      return requireType(value, 'boolean', 'true or false');
    case 'json':
      return frozenJson(value);
    case 'f64':
      return requireType(value, 'number', 'a number');
    case 'f32':
      return Math.fround(requireType(value, 'number', 'a number') as number);
    default: {
      if (type === 'i64' && typeof value === 'bigint') return wholeBigInt(value);
      return whole(requireType(value, 'number', 'a number') as number, type);
    }
  }
}

/** A number that an integer column holds as it is. Throws CellFault. */
export function whole(value: number, type: StateType): number {
  const [least, most] = WHOLE[type]!;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new CellFault(`is ${value}, which is no ${type} (whole, ${least} to ${most})`);
}

export function wholeBigInt(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new CellFault(`is ${value}, which is no i64`);
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Promise) return 'a promise (functions are synchronous)';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

function requireType(value: unknown, type: string, wanted: string): unknown {
  if (typeof value === type) return value;
  throw new CellFault(`is ${kindOf(value)}, where ${wanted} belongs`);
}

function bounded(text: unknown): unknown {
  const bytes = Buffer.byteLength(text as string);
  if (bytes <= STATE_TEXT_BYTES_MAX) return text;
  throw new CellFault(`has ${bytes} bytes, and a field of state holds at most ${STATE_TEXT_BYTES_MAX}; keep less`);
}

function frozenJson(value: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new CellFault(`cannot be written as JSON: ${(cause as Error).message}`);
  }
  if (text === undefined) throw new CellFault(`is ${kindOf(value)}, which JSON does not have`);
  bounded(text);
  return frozen(JSON.parse(text));
}

/** Deeply, so that a change in place, which would be lost, is an error. */
export function frozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}
