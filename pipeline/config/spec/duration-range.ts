import type { ConfigNode } from '../config-node.js';
import { duration, VARIABLE } from './scalars.js';
import { type CheckContext, type Spec, shownValue } from './spec.js';

const AN_EXAMPLE = 'two durations, the earlier one first, such as [-2s, 500ms]';

/** A span of time around a moment, as `[FROM, TO]`; a minus stands for before. In whole microseconds. */
export function durationRange(): Spec<{ fromUs: number; toUs: number }> {
  return {
    typeText: '`[FROM, TO]`, durations that may be negative',
    check(node, where, context) {
      if (node.kind !== 'list' || node.items.length !== 2) {
        context.problems.error(node.offset, `${where} must be ${AN_EXAMPLE}, not ${shownValue(node)}`);
        return undefined;
      }
      const [fromUs, toUs] = node.items.map((item, i) => signed(item, `${where}[${i}]`, context));
      if (fromUs === undefined || toUs === undefined) return undefined;
      if (fromUs <= toUs) return { fromUs, toUs };
      context.problems.error(node.offset, `${where} must be ${AN_EXAMPLE}; the first is the later one`);
      return undefined;
    },
    jsonSchema: () => {
      const item = {
        type: 'string',
        pattern: `^\\s*-?\\s*\\d+(\\.\\d+)?\\s*(us|ms|s|m|h|d)\\s*$|${VARIABLE}`,
      };
      return { type: 'array', minItems: 2, maxItems: 2, items: item };
    },
  };
}

function signed(node: ConfigNode, where: string, context: CheckContext): number | undefined {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.trimStart() : '';
  const plain = duration(0, '0s');
  if (node.kind !== 'scalar' || !text.startsWith('-')) return plain.check(node, where, context);
  const us = plain.check({ ...node, value: text.slice(1).trimStart() }, where, context);
  // Not -0, which a plan does not keep as such.
  return us === undefined ? undefined : 0 - us;
}
