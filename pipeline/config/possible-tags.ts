import { patternFault, StreamPattern } from '../../core/stream-pattern.js';
import { type ConfigNode, child, entriesOf, itemsOf, textOf } from './config-node.js';
import { overlap } from './overlap.js';
import type { References } from './references.js';

/**
 * The tags that rows of a `from` may have: what its patterns, those of its processors, and declared patterns of the
 * same streams capture; behind a group step what it groups by. Null when some of it names nothing, which is reported
 * elsewhere, or is not known from the file.
 */
export function possibleTags(
  root: ConfigNode,
  from: ConfigNode | undefined,
  references: References,
): ReadonlySet<string> | null {
  const declared = entriesOf(child(root, 'streams'))
    .map((entry) => entry.key)
    .filter((pattern) => patternFault(pattern) === null);
  const tags = new Set<string>();
  const seen = new Set<string>();
  const open = [...itemsOf(from)];
  if (open.length === 0) return null;
  for (let node = open.pop(); node; node = open.pop()) {
    const text = textOf(node);
    const input = text === null ? null : references.resolve(text);
    if (input === null) return null;
    if ('processor' in input) {
      if (seen.has(input.processor)) continue;
      seen.add(input.processor);
      const processor = child(child(root, 'processors'), input.processor);
      const own = itemsOf(child(processor, 'from'));
      // What steps a module has, the file does not say.
      if (own.length === 0 || child(processor, 'use')) return null;
      const group = itemsOf(child(processor, 'steps')).findLast((step) => child(step, 'group'));
      if (!group) open.push(...own);
      else for (const by of itemsOf(child(child(group, 'group'), 'by'))) tags.add(textOf(by) ?? '');
      continue;
    }
    for (const tag of tagsOfPattern(declared, input.pattern)) tags.add(tag);
  }
  return tags;
}

/** What a pattern and declared patterns of the same streams capture. */
export function tagsOfPattern(declared: readonly string[], pattern: string): ReadonlySet<string> {
  const matching = declared.filter((each) => overlap(each, pattern));
  return new Set([pattern, ...matching].flatMap((each) => new StreamPattern(each).captures));
}
