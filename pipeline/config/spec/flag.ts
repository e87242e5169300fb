import { VARIABLE } from './scalars.js';
import { emptyMessage, type Spec, shownValue } from './spec.js';

/** `true` or `false`; as a text only when it comes from a variable. */
export function flag(): Spec<boolean> {
  const expected = 'true or false';
  return {
    typeText: '`true`, `false`',
    check(node, where, context) {
      const value = node.kind === 'scalar' ? node.value : undefined;
      if (typeof value === 'boolean') return value;
      if (node.kind === 'scalar' && node.hasVariables && (value === 'true' || value === 'false'))
        return value === 'true';
      const message =
        value === null ? emptyMessage(where, node, expected) : `${where} must be ${expected}, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({ anyOf: [{ type: 'boolean' }, { type: 'string', pattern: VARIABLE }] }),
  };
}
