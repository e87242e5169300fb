import { list, mapOf } from './collections.js';
import { text, VARIABLE } from './scalars.js';
import { type Spec, shownValue } from './spec.js';

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

export function flag(): Spec<boolean> {
  return {
    typeText: '`true` or `false`',
    check(node, where, context) {
      const value = node.kind === 'scalar' ? String(node.value) : '';
      if (value === 'true' || value === 'false') return value === 'true';
      context.problems.error(node.offset, `${where} must be true or false, not ${shownValue(node)}`);
      return undefined;
    },
    jsonSchema: () => ({ anyOf: [{ type: 'boolean' }, { type: 'string', pattern: `^(true|false)$|${VARIABLE}` }] }),
  };
}
