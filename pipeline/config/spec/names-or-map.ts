import { list, mapOf } from './collections.js';
import { text } from './scalars.js';
import type { Spec } from './spec.js';

/** Names, or names with what each is called elsewhere. */
export function namesOrMap(): Spec<string[] | Record<string, string>> {
  const names = list(text('a name'));
  const map = mapOf(text('a name'), 'NAME', () => null);
  return {
    typeText: 'list of names, or map of names to names',
    check(node, where, context) {
      if (node.kind !== 'map') return names.check(node, where, context);
      const values = map.check(node, where, context);
      return values && Object.fromEntries(values);
    },
    jsonSchema: () => ({ anyOf: [names.jsonSchema(), { ...map.jsonSchema(), type: 'object', minProperties: 1 }] }),
  };
}
