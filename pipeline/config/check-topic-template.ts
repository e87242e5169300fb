import { patternFault, StreamPattern } from '../../core/stream-pattern.js';
import { suggestion } from '../../core/suggest.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { entityKeyFault } from './keys/streams-keys.js';
import { placeholdersOf } from './keys/topic-name.js';
import type { Problems } from './problems.js';

/**
 * `bus.kafka.topic` with placeholders: each is a tag that a declared pattern captures, and one that its entity has.
 * Otherwise streams of an entity would come into different topics, where nothing joins them.
 */
export function checkTopicTemplate(root: ConfigNode, bus: ConfigNode, problems: Problems): void {
  const node = child(bus, 'topic');
  const text = textOf(node);
  if (node?.kind !== 'scalar' || text === null) return;
  const patterns = entriesOf(child(root, 'streams')).filter(({ key }) => patternFault(key) === null);
  const tags = new Set(patterns.flatMap(({ key }) => new StreamPattern(key).captures));
  for (const { name, at } of placeholdersOf(text)) {
    const offset = node.hasVariables || node.textOffset === null ? node.offset : node.textOffset + at;
    if (!tags.has(name)) {
      const near = suggestion(name, [...tags], 'there is');
      problems.error(offset, `bus.kafka.topic takes {${name}}, which no pattern of streams captures${near}`);
      continue;
    }
    for (const { key: pattern, value } of patterns) {
      if (!new StreamPattern(pattern).captures.includes(name)) continue;
      if (entityOf(pattern, textOf(child(value, 'key'))).includes(`{${name}}`)) continue;
      problems.error(
        offset,
        `bus.kafka.topic takes {${name}}, which is not part of the entity of "${pattern}": its streams would come into ` +
          'different topics, where nothing joins them; put it into the key of the pattern, or choose another tag',
      );
    }
  }
}

function entityOf(pattern: string, key: string | null): string {
  if (key !== null && entityKeyFault(key, pattern) === null) return key;
  return pattern.slice(0, Math.max(0, pattern.lastIndexOf('/')));
}
