import { type ConfigNode, entriesOf } from './config-node.js';
import type { Problems } from './problems.js';

/** Reports where one of two keys stands without the other; whether it does. */
export function reportHalfPair(
  node: ConfigNode | undefined,
  where: string,
  pair: readonly [string, string],
  problems: Problems,
): boolean {
  const given = entriesOf(node).filter(({ key }) => pair.includes(key));
  if (given.length !== 1) return false;
  const { key, keyOffset } = given[0]!;
  const missing = key === pair[0] ? pair[1] : pair[0];
  problems.error(keyOffset, `${where} has "${key}" and lacks "${missing}"; write both, or neither`);
  return true;
}
