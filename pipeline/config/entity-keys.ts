import { patternFault } from '../../core/stream-pattern.js';
import type { Input } from '../../processors/plan.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { covers } from './covers.js';
import { isAnyLevel, overlap } from './overlap.js';

/** A template of entity keys: `car/{car}`. A level is a word, `+` for any one, or `{name}` for what a pattern captures. */
export type KeyTemplate = string;

/** What of a processor decides which entities its rows belong to. */
export interface KeyedProcessor {
  /** Null: not known. */
  from: readonly Input[] | null;
  /** Rows have other keys from a step on that groups them. */
  groups: boolean;
}

/**
 * The entity keys that rows can have. The key of a stream is its name without the last level, or what `key:` of a declared
 * pattern makes of it; what a processor gives has the keys of its inputs.
 */
export class EntityKeys {
  constructor(
    private readonly streams: ConfigNode | undefined,
    private readonly processors: ReadonlyMap<string, KeyedProcessor>,
  ) {}

  /** The keys that rows of some inputs can have; null when that is not known. */
  of(inputs: readonly Input[], within: readonly string[] = []): KeyTemplate[] | null {
    const keys = new Set<KeyTemplate>();
    for (const input of inputs) {
      const own = 'pattern' in input ? this.ofPattern(input.pattern) : this.ofProcessor(input.processor, within);
      if (!own) return null;
      for (const key of own) keys.add(key);
    }
    return keys.size === 0 ? null : [...keys];
  }

  private ofProcessor(name: string, within: readonly string[]): KeyTemplate[] | null {
    const processor = this.processors.get(name);
    if (!processor?.from || processor.groups || within.includes(name)) return null;
    return this.of(processor.from, [...within, name]);
  }

  /** Of several declared patterns that match a stream, the first that has a key counts. */
  private ofPattern(pattern: string): KeyTemplate[] | null {
    const keys: KeyTemplate[] = [];
    for (const { key: declared, value } of entriesOf(this.streams)) {
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
    keys.push(levels.length > 1 ? levels.slice(0, -1).join('/') : pattern);
    return keys;
  }
}

/** Whether two templates can give one key; not when they put the same captures in other places. */
export function canMeet(one: KeyTemplate, other: KeyTemplate): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  if (left.length !== right.length) return false;
  const swapped = left.some((level, i) => level.startsWith('{') && right.includes(level) && right[i] !== level);
  return !swapped && left.every((level, i) => isAnyLevel(level) || isAnyLevel(right[i]!) || level === right[i]);
}
