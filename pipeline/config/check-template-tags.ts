import { suggestion } from '../../core/suggest.js';
import { type ConfigNode, child, textOf } from './config-node.js';
import { placeholdersOf } from './keys/topic-name.js';
import { possibleTags } from './possible-tags.js';
import type { Problems } from './problems.js';
import type { References } from './references.js';
import { shownValue } from './spec/spec.js';

/** Where rows go by a template of a sink, a tag that none of its streams can have would leave them without a place of their own. */
export function checkTemplateTags(
  root: ConfigNode,
  sink: ConfigNode,
  key: 'topic' | 'collection' | 'measurement',
  where: string,
  references: References,
  problems: Problems,
): void {
  const node = child(sink, key);
  const text = textOf(node);
  if (node?.kind !== 'scalar' || text === null) return;
  const tags = possibleTags(root, child(sink, 'from'), references);
  if (tags === null) return;
  for (const { name, at } of placeholdersOf(text)) {
    if (name === 'stream' || tags.has(name)) continue;
    if (node.hasVariables) {
      problems.error(node.offset, `${where}.${key}: ${shownValue(node)} takes a tag that no stream of from has`);
      continue;
    }
    const near = suggestion(name, [...tags, 'stream'], 'there is');
    const offset = node.textOffset === null ? node.offset : node.textOffset + at;
    problems.error(offset, `${where}.${key} takes {${name}}, a tag that no stream of from has${near}`);
  }
}
