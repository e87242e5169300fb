import { patternFault } from '../../core/stream-pattern.js';
import type { Input } from '../../processors/plan.js';
import { type ConfigNode, child, entriesOf, itemsOf, textOf } from './config-node.js';
import { overlap } from './overlap.js';
import type { Problems } from './problems.js';
import type { References } from './references.js';
import { below, shownValue } from './spec/spec.js';

/** A template of entity keys: `car/{car}`. A level is a word, `+` for any one, or `{name}` for what a pattern captures. */
type KeyTemplate = string;

/**
 * A join meets rows of one entity, so both of its sides must have entity keys in common. Refuses those of which it is
 * known that they have none, or that swap what they capture. The key of a stream is its name without the last level, or
 * what `key:` of a declared pattern makes of it.
 */
export function checkJoinKeys(root: ConfigNode, references: References, problems: Problems): void {
  for (const { key: name, value } of entriesOf(child(root, 'processors'))) {
    const left = keysOf(root, itemsOf(child(value, 'from')), references, []);
    const steps = child(value, 'steps');
    for (const [i, step] of steps?.kind === 'list' ? steps.items.entries() : []) {
      // Rows have other keys from a step on that groups them.
      if (child(step, 'group')) break;
      const node = child(child(step, 'join'), 'with');
      const right = node && keysOf(root, [node], references, []);
      if (!node || !left || !right || left.some((one) => right.some((other) => canMeet(one, other)))) continue;
      const where = `${below('processors', name)}.steps[${i}].join.with`;
      problems.error(
        node.offset,
        `${where}: the rows of ${shownValue(node)} belong to the entity ${right.join(' or ')}, those of the processor to ${left.join(' or ')}, and a join meets rows of one entity; give the streams the same entity with key: below streams`,
      );
    }
  }
}

/** The keys that rows of some inputs can have; null when that is not known. */
function keysOf(
  root: ConfigNode,
  nodes: readonly ConfigNode[],
  references: References,
  within: readonly string[],
): KeyTemplate[] | null {
  const keys = new Set<KeyTemplate>();
  for (const node of nodes) {
    const text = textOf(node);
    const input = text === null ? null : references.resolve(text);
    const own = input && keysOfInput(root, input, references, within);
    if (!own) return null;
    for (const key of own) keys.add(key);
  }
  return keys.size === 0 ? null : [...keys];
}

function keysOfInput(
  root: ConfigNode,
  input: Input,
  references: References,
  within: readonly string[],
): KeyTemplate[] | null {
  if ('pattern' in input) return keysOfPattern(root, input.pattern);
  const { processor } = input;
  const node = child(child(root, 'processors'), processor);
  if (within.includes(processor) || itemsOf(child(node, 'steps')).some((step) => child(step, 'group'))) return null;
  return keysOf(root, itemsOf(child(node, 'from')), references, [...within, processor]);
}

/** Of several declared patterns that match a stream, the first that has a key counts. */
function keysOfPattern(root: ConfigNode, pattern: string): KeyTemplate[] | null {
  const keys: KeyTemplate[] = [];
  for (const { key: declared, value } of entriesOf(child(root, 'streams'))) {
    if (patternFault(declared) !== null || !overlap(declared, pattern)) continue;
    const node = child(value, 'key');
    if (!node) continue;
    const key = textOf(node);
    if (key === null || patternFault(key) !== null || (node.kind === 'scalar' && node.hasVariables)) return null;
    keys.push(key);
    // All that the pattern names has this key, so that no other declaration and no default counts.
    if (covers(declared, pattern)) return keys;
  }
  if (pattern.includes('#')) return null;
  const levels = pattern.split('/');
  if (levels.length > 1) keys.push(levels.slice(0, -1).join('/'));
  else keys.push(pattern);
  return keys;
}

/** Whether one pattern matches all streams that the other matches. */
function covers(pattern: string, other: string): boolean {
  const [one, two] = [pattern.split('/'), other.split('/')];
  for (let i = 0; ; i++) {
    if (one[i] === '#') return true;
    if (one[i] === undefined || two[i] === undefined) return one[i] === two[i];
    if (two[i] === '#' || (!isAny(one[i]!) && one[i] !== two[i])) return false;
  }
}

/** Whether two templates can give one key; not when they put the same captures in other places. */
function canMeet(one: KeyTemplate, other: KeyTemplate): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  if (left.length !== right.length) return false;
  const swapped = left.some((level, i) => level.startsWith('{') && right.includes(level) && right[i] !== level);
  return !swapped && left.every((level, i) => isAny(level) || isAny(right[i]!) || level === right[i]);
}

function isAny(level: string): boolean {
  return level === '+' || level.startsWith('{');
}
