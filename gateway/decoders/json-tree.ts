import { PitwallError } from '../../core/errors.js';
import { JSON_DEPTH_MAX } from '../../core/limits.js';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A column of a message in columns: a list of cells, or one value for all rows. */
export interface Leaf {
  name: string;
  list: unknown[] | null;
  value: unknown;
  depth: number;
}

export function gatherLeaves(leaves: Leaf[], name: string, value: unknown, depth: number): void {
  if (Array.isArray(value)) leaves.push({ name, list: value, value: null, depth });
  else if (isObject(value)) {
    checkDepth(value, depth);
    for (const key of Object.keys(value)) gatherLeaves(leaves, `${name}.${key}`, value[key], depth + 1);
  } else leaves.push({ name, list: null, value, depth });
}

export function cellOf(leaf: Leaf, row: number): unknown {
  return leaf.list === null ? leaf.value : leaf.list[row];
}

/** Whether a list stands in the object, at any depth that is allowed. */
export function hasList(value: JsonObject, ignored: readonly string[], depth: number): boolean {
  return Object.keys(value).some((key) => {
    const inner = value[key];
    if (ignored.includes(key)) return false;
    return Array.isArray(inner) || (depth < JSON_DEPTH_MAX && isObject(inner) && hasList(inner, [], depth + 1));
  });
}

export function lookUp(message: JsonObject, path: string): unknown {
  let value: unknown = message;
  for (const key of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** `value` is an object or list at `depth` (the row itself: 1). Looks no deeper than the limit. */
export function checkDepth(value: object, depth: number): void {
  if (depth > JSON_DEPTH_MAX) {
    throw new PitwallError('bad-payload', `the payload is nested deeper than ${JSON_DEPTH_MAX} levels`, {
      stage: 'decode',
    });
  }
  if (!Array.isArray(value)) return;
  for (const item of value) {
    if (typeof item === 'object' && item !== null) checkNested(item, depth + 1);
  }
}

/** All of a value that is kept as text is held to the limit at once; an object that becomes columns level by level. */
export function checkNested(value: object, depth: number): void {
  checkDepth(value, depth);
  if (Array.isArray(value)) return;
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) checkNested(inner, depth + 1);
  }
}
