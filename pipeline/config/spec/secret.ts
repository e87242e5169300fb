import { suggest } from '../../../core/suggest.js';
import type { ConfigNode } from '../config-node.js';
import { object } from './collections.js';
import { emptyMessage, type Keys, type Spec, type ValueOf } from './spec.js';

/** A text that is not empty, and that no message shows. */
export function secret(): Spec<string> {
  return {
    typeText: 'text, never shown',
    check(node, where, context) {
      const value = node.kind === 'scalar' ? node.value : undefined;
      if (typeof value === 'string' && value !== '') return value;
      const message =
        value === null
          ? emptyMessage(where, node, 'a text')
          : value === ''
            ? `${where} is an empty text`
            : `${where} must be a text; put it in quotes`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', minLength: 1 }),
  };
}

/**
 * Known keys, one of which is a secret. In `{ password: a,b }` YAML ends the value at the comma and takes `b` for a key,
 * which would be named as unknown: that is said without it.
 */
export function objectWithSecret<K extends Keys>(keys: K, name: keyof K & string): Spec<ValueOf<K>> {
  const spec = object(keys);
  const known = Object.keys(keys);
  return {
    ...spec,
    check(node, where, context) {
      const entries = node.kind === 'map' ? node.entries : [];
      const next = entries[entries.findIndex((entry) => entry.key === name) + 1];
      const isAfter = next !== undefined && next !== entries[0];
      if (!isAfter || known.includes(next.key) || (!isNothing(next.value) && suggest(next.key, known) !== null)) {
        return spec.check(node, where, context);
      }
      const what = `${where} has what is no key after "${name}"; known keys: ${known.join(', ')}`;
      context.problems.error(next.keyOffset, `${what}; quote the whole ${name} if it holds a comma`);
      return undefined;
    },
  };
}

function isNothing(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
