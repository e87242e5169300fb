import { type ConfigNode, isBroken } from '../config-node.js';
import type { Problems } from '../problems.js';

export type JsonSchema = { [keyword: string]: unknown };

/**
 * What may stand at a place of the file. From the specs come the strict check, the JSON Schema and the reference
 * table of the documentation, so that they cannot disagree.
 */
export interface Spec<T> {
  /** For people: `size`, `list of texts`. */
  readonly typeText: string;
  /** What stands there must be in no message. */
  readonly isSecret?: boolean;
  /** Reads the node, or reports to `context.problems` and returns undefined. Never throws for what a file holds. */
  check(node: ConfigNode, where: string, context: CheckContext): T | undefined;
  jsonSchema(): JsonSchema;
  /** Rows of the reference for what is below `where`. */
  reference?(where: string): ReferenceRow[];
}

export interface CheckContext {
  readonly problems: Problems;
  /** Folder of the file: relative paths start there. */
  readonly folder: string;
}

export interface ReferenceRow {
  where: string;
  typeText: string;
  defaultText: string;
  doc: string;
  example: string;
  /** Where the key belongs to one type of object only: `type: kafka`. */
  variant?: string;
}

/** A key of an object. `doc` is one sentence without its full stop. */
export interface Key<T> {
  readonly spec: Spec<T>;
  readonly doc: string;
  readonly example?: string;
  readonly required?: boolean;
  /** As it would stand in the file. */
  readonly default?: string | number | boolean;
  /** For the reference, where the default depends on the machine. */
  readonly defaultText?: string;
  /** An object that is there with its defaults even when the file says nothing of it. */
  readonly section?: boolean;
  /** Known, but an error in this version. */
  readonly notYet?: boolean;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

/** Keys that are required, a section or have a default are always there; the others may be undefined. */
export type ValueOf<K extends Keys> = {
  [P in keyof K]: K[P] extends Key<infer T>
    ? K[P] extends { required: true } | { section: true } | { default: string | number | boolean }
      ? T
      : T | undefined
    : never;
};

/** A key that is recognised, and refused with a message of its own. */
export function notYet(doc: string): { spec: Spec<undefined>; doc: string; notYet: true } {
  const spec: Spec<undefined> = { typeText: 'not yet', check: () => undefined, jsonSchema: () => ({ not: {} }) };
  return { spec, doc, notYet: true };
}

/** Checks a value within another, unless a problem of it is known already. */
export function checkInside<T>(spec: Spec<T>, node: ConfigNode, where: string, context: CheckContext): T | undefined {
  return isBroken(node) ? undefined : spec.check(node, where, context);
}

/** `gateway` and `mqtt` as `gateway.mqtt`; names that are no words in brackets: `streams["car/{car}/imu"]`. */
export function below(where: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${where}[${JSON.stringify(key)}]`;
  return where ? `${where}.${key}` : key;
}

/** What a message calls the node's value, with variables by name. */
export function shownValue(node: ConfigNode): string {
  if (node.kind === 'map') return 'keys with values';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  return node.shown.length > 80 ? `"${node.shown.slice(0, 80)}…"` : `"${node.shown}"`;
}

/** Says that nothing stands where something must, and why that may be. */
export function emptyMessage(where: string, node: ConfigNode, expected: string): string {
  const hash = node.kind === 'scalar' && node.commented;
  return `${where} is empty; ${hash ? 'an unquoted # starts a comment, write "#"' : `write ${expected}, or remove the key`}`;
}
