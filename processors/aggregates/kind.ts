import type { ColumnType } from '../../columnar/schema.js';

/** What cells hold, as numbers that can be compared: NONE while no column is there. */
export const NONE = 0;
export const BOOL = 1;
export const NUMBER = 2;
export const TEXT = 3;

const NAMES = ['nothing', 'true and false', 'numbers', 'texts'];

export function kindOfColumn(type: ColumnType): number {
  return type === 'utf8' ? TEXT : type === 'bool' ? BOOL : NUMBER;
}

/** For messages: `numbers`. */
export function nameOfKind(kind: number): string {
  return NAMES[kind]!;
}

/** The kind that takes both: true and false count as numbers beside numbers. -1 for a text beside something else. */
export function joinKinds(a: number, b: number): number {
  if (a === b || b === NONE) return a;
  if (a === NONE) return b;
  return a === TEXT || b === TEXT ? -1 : NUMBER;
}
