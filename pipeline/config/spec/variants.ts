import { suggestion } from '../../../core/suggest.js';
import { isBroken } from '../config-node.js';
import { checkKeys, objectSchema, referenceRows } from './collections.js';
import {
  below,
  checkInside,
  type JsonSchema,
  type Keys,
  type ReferenceRow,
  type Spec,
  shownValue,
  type ValueOf,
} from './spec.js';

type Typed<K extends Readonly<Record<string, Keys>>> = {
  [T in keyof K & string]: { type: T } & ValueOf<K[T]>;
}[keyof K & string];

/**
 * An object whose key `type` says which other keys it takes. Those of `untyped` have a key of their own name in the place
 * of `type`.
 */
export function byType<K extends Readonly<Record<string, Keys>>, U extends Readonly<Record<string, Keys>>>(
  types: K,
  doc: string,
  untyped: U,
): Spec<Typed<K> | Typed<U>> {
  type Value = Typed<K> | Typed<U>;
  const all = Object.keys(types);
  const typeSpec: Spec<string> = {
    typeText: Object.keys(types)
      .map((type) => `\`${type}\``)
      .join(', '),
    check: (node) => (node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined),
    jsonSchema: () => ({ enum: Object.keys(types) }),
  };
  const typeKey = { spec: typeSpec, doc, required: true };
  return {
    typeText: 'map',
    check(node, where, context) {
      if (node.kind !== 'map') {
        context.problems.error(node.offset, `${where} must hold keys with values, not ${shownValue(node)}`);
        return undefined;
      }
      const typeEntry = node.entries.find((entry) => entry.key === 'type');
      if (!typeEntry) {
        const own = node.entries.find(({ key }) => Object.hasOwn(untyped, key))?.key;
        if (own !== undefined) {
          const value = checkKeys(untyped[own]!, node, where, context);
          return value && ({ type: own, ...value } as Value);
        }
        const or = Object.keys(untyped).map((key) => `, or ${key}`);
        const example = Object.keys(types)[0];
        context.problems.error(node.owner, `${where} lacks "type"${or.join('')}, for example type: ${example}`);
        return undefined;
      }
      if (isBroken(typeEntry.value)) return undefined;
      const at = typeEntry.value.offset;
      const type = typeSpec.check(typeEntry.value, below(where, 'type'), context);
      if (type !== undefined && Object.hasOwn(types, type)) {
        return checkKeys({ type: typeKey, ...types[type]! }, node, where, context) as Value | undefined;
      }
      const near = type === undefined ? '' : suggestion(type, all, 'known types');
      context.problems.error(at, `${below(where, 'type')} must name a type, not ${shownValue(typeEntry.value)}${near}`);
      return undefined;
    },
    jsonSchema: () => {
      const schemas = Object.entries(types).map(([type, keys]) => {
        const { spec, doc: typeDoc } = typeKey;
        const constant: Spec<string> = { ...spec, jsonSchema: () => ({ const: type }) };
        return objectSchema({ type: { spec: constant, doc: typeDoc, required: true }, ...keys });
      });
      return { anyOf: [...schemas, ...Object.values(untyped).map(objectSchema)] };
    },
    reference: (where) => {
      const [first, ...others] = [...Object.values(types), ...Object.values(untyped)];
      const common = Object.entries(first!).filter(([name, key]) => others.every((keys) => keys[name] === key));
      const shared = Object.fromEntries(common);
      const example = Object.keys(types)[0]!;
      const variants = [
        ...Object.entries(types).map(([type, keys]) => [`type: ${type}`, keys] as const),
        ...Object.entries(untyped),
      ];
      const own = variants.flatMap(([variant, keys]) => {
        const rest = Object.fromEntries(Object.entries(keys).filter(([name]) => !Object.hasOwn(shared, name)));
        return referenceRows(rest, where).map((row) => ({ ...row, variant }));
      });
      return [...referenceRows({ type: { ...typeKey, example }, ...shared }, where), ...own];
    },
  };
}

/** An object of exactly one key, the verb, as the steps of a processor are. `false`: not part of this version. */
export function verbs<K extends Readonly<Record<string, Spec<unknown>>>>(
  known: K,
  docs: Readonly<Record<keyof K & string, string>>,
  later: readonly string[],
): Spec<{ [V in keyof K & string]: { verb: V; value: K[V] extends Spec<infer T> ? T : never } }[keyof K & string]> {
  type Value = { [V in keyof K & string]: { verb: V; value: K[V] extends Spec<infer T> ? T : never } }[keyof K &
    string];
  const all = [...Object.keys(known), ...later];
  return {
    typeText: 'step',
    check(node, where, context) {
      if (node.kind !== 'map') {
        const given = shownValue(node);
        context.problems.error(node.offset, `${where} must be a step such as filter: speed > 5, not ${given}`);
        return undefined;
      }
      const [entry, ...more] = node.entries;
      for (const other of more) {
        const indent = Object.hasOwn(known, entry!.key) && !all.includes(other.key);
        context.problems.error(
          other.keyOffset,
          indent
            ? `${where} has "${other.key}" beside "${entry!.key}"; indent it below "${entry!.key}"`
            : `${where} has a second verb "${other.key}"; start it with a dash of its own`,
        );
      }
      if (!entry) {
        context.problems.error(
          node.offset,
          `${where} is an empty step; write one of: ${Object.keys(known).join(', ')}`,
        );
        return undefined;
      }
      const inside = below(where, entry.key);
      if (later.includes(entry.key)) {
        context.problems.notYet(entry.keyOffset, inside);
        return undefined;
      }
      if (!Object.hasOwn(known, entry.key)) {
        const near = suggestion(entry.key, all, 'known steps');
        context.problems.error(entry.keyOffset, `${inside} is not a known step${near}`);
        return undefined;
      }
      const value = checkInside(known[entry.key]!, entry.value, inside, context);
      return value === undefined || more.length > 0 ? undefined : ({ verb: entry.key, value } as Value);
    },
    jsonSchema: (): JsonSchema => ({
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(known).map(([verb, spec]) => [verb, { description: `${docs[verb]}.`, ...spec.jsonSchema() }]),
      ),
    }),
    reference: (where) =>
      Object.entries(known).flatMap(([verb, spec]): ReferenceRow[] => [
        { where: `${where}.${verb}`, typeText: spec.typeText, defaultText: '', doc: docs[verb]!, example: '' },
        ...(spec.reference?.(`${where}.${verb}`) ?? []),
      ]),
  };
}
