import type { PlanFault } from '../../processors/plan-fault.js';
import { type ConfigNode, child } from './config-node.js';
import type { Problems } from './problems.js';
import { below, shownValue } from './spec/spec.js';

/** Reports what is wrong with the plan of a processor that is written in steps, at its place in the file. */
export function reportPlanFault(
  { processor, path, at, message }: PlanFault,
  root: ConfigNode,
  problems: Problems,
): void {
  const start = child(child(root, 'processors'), processor)!;
  const { node, where } = placeOf(path, start, below('processors', processor));
  const inText = node.kind === 'scalar' ? node.textOffset : null;
  const hidden = node.kind === 'scalar' && node.hasVariables;
  const what = hidden ? `${shownValue(node)} is not valid with its variables replaced` : message;
  problems.error(inText !== null && at !== null ? inText + at : node.offset, `${where}: ${what}`);
}

interface Place {
  node: ConfigNode;
  where: string;
}

/**
 * The value that a path in a processor's plan (`steps[0].columns.kmh`, `from[1]`) means. Names of columns may hold dots,
 * and where the file has less, its nearest is taken.
 */
function placeOf(path: string, node: ConfigNode, where: string): Place {
  if (path === '' || node.kind === 'scalar') return { node, where };
  const index = /^\[(\d+)\]\.?/.exec(path);
  if (index) {
    const item = node.kind === 'list' ? node.items[Number(index[1])] : undefined;
    const rest = path.slice(index[0].length);
    return item ? placeOf(rest, item, `${where}[${index[1]}]`) : placeOf(rest, node, where);
  }
  const [key, rest] = split(path, node);
  const value = child(node, key);
  if (value) return placeOf(rest, value, below(where, key));
  return placeOf(rest, node, where);
}

/** The first key of a path and what follows; all of it where the node has a key of that name. */
function split(path: string, node: ConfigNode): [key: string, rest: string] {
  if (child(node, path)) return [path, ''];
  const key = /^[^.[]+/.exec(path)?.[0] ?? path;
  return [key, path.slice(key.length).replace(/^\./, '')];
}
