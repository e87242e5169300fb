import { suggest, suggestion } from '../../../core/suggest.js';
import { reportHalfPair } from '../both-or-neither.js';
import { type ConfigNode, entriesOf, type MapEntry, scalarNode } from '../config-node.js';
import {
  below,
  type CheckContext,
  checkInside,
  emptyMessage,
  type JsonSchema,
  type Key,
  type Keys,
  type ReferenceRow,
  type Spec,
  shownValue,
  type ValueOf,
} from './spec.js';

/** One item or a list of at least one; always read as a list. */
export function oneOrList<T>(item: Spec<T>): Spec<T[]> {
  return {
    typeText: `${item.typeText}, or a list`,
    check(node, where, context) {
      if (node.kind !== 'list') {
        const value = item.check(node, where, context);
        return value === undefined ? undefined : [value];
      }
      return checkItems(item, node, where, context);
    },
    jsonSchema: () => ({ anyOf: [item.jsonSchema(), { type: 'array', minItems: 1, items: item.jsonSchema() }] }),
  };
}

/** A list of at least one. */
export function list<T>(item: Spec<T>): Spec<T[]> {
  return {
    typeText: `list of ${item.typeText}`,
    check(node, where, context) {
      if (node.kind === 'list') return checkItems(item, node, where, context);
      const isEmpty = node.kind === 'scalar' && node.value === null;
      const message = isEmpty
        ? emptyMessage(where, node, 'a list')
        : `${where} must be a list, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({ type: 'array', minItems: 1, items: item.jsonSchema() }),
    reference: (where) => item.reference?.(`${where}[]`) ?? [],
  };
}

function checkItems<T>(
  item: Spec<T>,
  node: ConfigNode & { kind: 'list' },
  where: string,
  context: CheckContext,
): T[] | undefined {
  if (node.items.length === 0) {
    context.problems.error(node.offset, `${where} is an empty list; name at least one, or remove the key`);
    return undefined;
  }
  const values = node.items.map((each, i) => checkInside(item, each, `${where}[${i}]`, context));
  return values.includes(undefined) ? undefined : (values as T[]);
}

/** Named values, in the order of the file. `fault` says why a text cannot be a name, or null. */
export function mapOf<T>(
  value: Spec<T>,
  nameWord: string,
  fault: (name: string, where: string) => string | null,
): Spec<Map<string, T>> {
  return {
    typeText: 'map',
    check(node, where, context) {
      if (node.kind !== 'map') return isEmpty(node) ? new Map() : refuse(node, where, context);
      const values = new Map<string, T>();
      for (const entry of node.entries) {
        const inside = below(where, entry.key);
        const why = fault(entry.key, where);
        if (why !== null) context.problems.error(entry.keyOffset, why);
        if (why !== null && entry.value.kind === 'scalar') continue;
        const read = checkInside(value, entry.value, inside, context);
        if (read !== undefined) values.set(entry.key, read);
      }
      return values;
    },
    jsonSchema: () => ({ type: ['object', 'null'], additionalProperties: value.jsonSchema() }),
    reference: (where) => value.reference?.(`${where}.${nameWord}`) ?? [],
  };
}

/** Known keys. Nothing (`gateway:` with all its keys commented out) counts as no keys. */
export function object<K extends Keys>(keys: K): Spec<ValueOf<K>> {
  return {
    typeText: 'map',
    check(node, where, context) {
      if (node.kind !== 'map' && !isEmpty(node)) return refuse(node, where, context);
      return checkKeys(keys, node, where, context) as ValueOf<K> | undefined;
    },
    jsonSchema: () => objectSchema(keys),
    reference: (where) => referenceRows(keys, where),
  };
}

/** An object in which two of its keys stand together or not at all. */
export function bothOrNeither<T extends object>(
  spec: Spec<T>,
  one: keyof T & string,
  other: keyof T & string,
): Spec<T> {
  return {
    ...spec,
    check(node, where, context) {
      const value = spec.check(node, where, context);
      return reportHalfPair(node, where, [one, other], context.problems) ? undefined : value;
    },
  };
}

/** An object with exactly one of some of its keys. */
export function exactlyOneOf<T extends object>(spec: Spec<T>, keys: readonly (keyof T & string)[]): Spec<T> {
  const listed = `${keys.slice(0, -1).join(', ')} or ${keys.at(-1)}`;
  return {
    ...spec,
    check(node, where, context) {
      const given = entriesOf(node).filter(({ key }) => (keys as readonly string[]).includes(key));
      const value = spec.check(node, where, context);
      if (given.length === 1 || node.kind !== 'map') return value;
      const [first, second] = given;
      if (second) {
        context.problems.error(
          second.keyOffset,
          `${where} has "${second.key}" beside "${first!.key}"; write one of ${listed}`,
        );
      } else if (value !== undefined) {
        context.problems.error(node.owner, `${where} lacks its kind; write one of ${listed}`);
      }
      return undefined;
    },
  };
}

/** Checks each known key, reports the others, puts defaults; undefined when anything was wrong. */
export function checkKeys(
  keys: Keys,
  node: ConfigNode,
  where: string,
  context: CheckContext,
): Record<string, unknown> | undefined {
  const value: Record<string, unknown> = {};
  let complete = true;
  const given = new Map(node.kind === 'map' ? node.entries.map((entry) => [entry.key, entry]) : []);
  if (reportUnknown(keys, [...given.values()], where, context)) complete = false;
  for (const name in keys) {
    const key = keys[name]!;
    const entry = given.get(name);
    const inside = below(where, name);
    if (entry && key.notYet) {
      context.problems.notYet(entry.keyOffset, inside);
      complete = false;
    } else if (entry) {
      value[name] = checkInside(key.spec, entry.value, inside, context);
      if (value[name] === undefined) complete = false;
    } else if (key.default !== undefined) {
      value[name] = key.spec.check(scalarNode(key.default, node.owner), inside, context);
    } else if (key.required) {
      const example = key.example ? `, for example ${name}: ${key.example}` : '';
      context.problems.error(node.owner, `${where} lacks "${name}"${example}`);
      complete = false;
    } else if (key.section) {
      value[name] = key.spec.check(scalarNode(null, node.owner), inside, context);
    }
  }
  return complete ? value : undefined;
}

/**
 * True where there are keys that are not known. In `{ password: a,b }` YAML ends the value at the comma and takes `b` for a
 * key, which is part of a secret and so not named.
 */
function reportUnknown(keys: Keys, given: readonly MapEntry[], where: string, { problems }: CheckContext): boolean {
  const known = Object.keys(keys);
  let secret: string | null = null;
  let found = false;
  for (const { key, keyOffset, value } of given) {
    if (Object.hasOwn(keys, key)) {
      secret = keys[key]!.spec.isSecret ? key : null;
      continue;
    }
    const isNothing = value.kind === 'scalar' && value.value === null;
    if (secret !== null && (isNothing || suggest(key, known) === null)) {
      const what = `${where} has what is no key after "${secret}"; known keys: ${known.join(', ')}`;
      problems.error(keyOffset, `${what}; quote the whole ${secret} if it holds a comma`);
    } else {
      secret = null;
      problems.error(keyOffset, `${below(where, key)} is not a known key${suggestion(key, known, 'known keys')}`);
    }
    found = true;
  }
  return found;
}

/** An object that is there even when the file says nothing of it. None of its keys may be required. */
export function section<K extends Keys>(keys: K, doc: string): { spec: Spec<ValueOf<K>>; doc: string; section: true } {
  return { spec: object(keys), doc, section: true };
}

export function objectSchema(keys: Keys): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const name in keys) {
    const key = keys[name]!;
    properties[name] = { ...describe(key), ...key.spec.jsonSchema() };
    if (key.required) required.push(name);
  }
  const schema: JsonSchema = { type: required.length > 0 ? 'object' : ['object', 'null'], properties };
  if (required.length > 0) schema.required = required;
  return { ...schema, additionalProperties: false };
}

function describe(key: Key<unknown>): JsonSchema {
  const schema: JsonSchema = { description: key.notYet ? `${key.doc}. Not part of this version yet.` : `${key.doc}.` };
  if (key.default !== undefined) schema.default = key.default;
  if (key.example !== undefined) schema.examples = [key.example];
  return schema;
}

export function referenceRows(keys: Keys, where: string): ReferenceRow[] {
  return Object.entries(keys).flatMap(([name, key]) => {
    const inside = where ? `${where}.${name}` : name;
    const own: ReferenceRow = {
      where: inside,
      typeText: key.spec.typeText,
      defaultText: key.defaultText ?? defaultText(key),
      doc: key.doc,
      example: key.example ?? '',
    };
    return [own, ...(key.spec.reference?.(inside) ?? [])];
  });
}

function defaultText(key: Key<unknown>): string {
  if (key.default === undefined) return key.required ? 'required' : '';
  return key.default === '' ? 'empty' : `\`${key.default}\``;
}

function isEmpty(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function refuse(node: ConfigNode, where: string, context: CheckContext): undefined {
  context.problems.error(node.offset, `${where || 'the file'} must hold keys with values, not ${shownValue(node)}`);
  return undefined;
}
