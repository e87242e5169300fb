import type { ConfigNode } from '../config-node.js';
import { isBroken } from '../config-node.js';
import { type Spec, shownValue } from './spec.js';

/** What a file may hold, as JavaScript has it. */
export type FreeValue = string | number | boolean | null | FreeValue[] | { [key: string]: FreeValue };

/** Keys that somebody else knows, with any values, which are not shown: they may be secrets. */
export function freeMap(): Spec<Record<string, FreeValue>> {
  return {
    typeText: 'map, never shown',
    check(node, where, { problems }) {
      if (node.kind === 'scalar' && node.value === null) return {};
      if (node.kind === 'map') return plain(node) as Record<string, FreeValue>;
      const what = node.kind === 'list' ? shownValue(node) : 'a single value';
      problems.error(node.offset, `${where} must hold keys with values, not ${what}`);
      return undefined;
    },
    jsonSchema: () => ({ type: ['object', 'null'] }),
  };
}

function plain(node: ConfigNode): FreeValue {
  if (node.kind === 'list') return node.items.map(plain);
  if (node.kind === 'map') return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
  // A problem of it is reported already.
  return isBroken(node) ? null : node.value;
}
