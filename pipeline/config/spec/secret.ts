import { emptyMessage, type Spec } from './spec.js';

/** A text that is not empty, and that no message shows. */
export function secret(): Spec<string> {
  return {
    typeText: 'text, never shown',
    isSecret: true,
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
