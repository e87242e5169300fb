import type { ConfigNode } from '../../config-node.js';
import { mapOf } from '../../spec/collections.js';
import { emptyMessage, type Spec, shownValue } from '../../spec/spec.js';

/** An expression stays text here; numbers and truth values are expressions too. */
export const expression: Spec<string> = expressionLike('speed * 3.6');

function expressionLike(example: string): Spec<string> {
  return {
    typeText: 'expression',
    check(node, where, context) {
      if (node.kind === 'scalar' && node.value !== null && node.value !== '') {
        return typeof node.value === 'string' ? node.value : node.shown;
      }
      const isEmpty = node.kind === 'scalar';
      const message = isEmpty
        ? emptyMessage(where, node, `an expression such as ${example}`)
        : `${where} must be an expression such as ${example}, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({ type: ['string', 'number', 'boolean'] }),
  };
}

/** Columns that a step makes, each with its expression. The example is that of one column. */
export function namedExpressions(name: string, example: string): Spec<Map<string, string>> {
  const named = mapOf(expressionLike(example), 'NAME', (column) => (column === '' ? 'a column needs a name' : null));
  return {
    ...named,
    check(node, where, context) {
      const entries = node.kind === 'map' ? node.entries : [];
      // In `{ a: max(b, c) }` YAML ends the value at the comma and takes `c)` for a key; say so instead of two riddles.
      const cut = entries.find(({ value }, i) => isCut(value) && entries[i + 1]?.key.includes(')'));
      if (!cut && entries.length > 0) return named.check(node, where, context);
      const message = cut
        ? `${where}.${cut.key}: a comma inside { } ends the expression ${shownValue(cut.value)}; quote the whole expression`
        : `${where} must name columns, for example { ${name}: ${example} }, not ${shownValue(node)}`;
      context.problems.error(cut ? cut.value.offset : node.offset, message);
      return undefined;
    },
  };
}

function isCut(value: ConfigNode): boolean {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return false;
  const text = value.value.replaceAll(/"[^"]*"|'[^']*'/g, '');
  return text.split('(').length > text.split(')').length;
}
