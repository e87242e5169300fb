import { checkGrouping } from '../../processors/check-grouping.js';
import { checkSteps } from '../../processors/check-plan.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import type { PlanFault } from '../../processors/plan-fault.js';
import { type ConfigNode, child, entriesOf } from './config-node.js';
import { planStep, stepSpec } from './keys/steps/steps.js';
import { Problems } from './problems.js';
import type { References } from './references.js';
import { below, shownValue } from './spec/spec.js';

/**
 * Checks each step of the processors as the plan it makes, and reports what is wrong at its place in the file. The
 * columns of streams are learned while they pass, so no schema is known here and steps do not depend on one another;
 * a step with faults of its keys is left out, since these have been reported.
 */
export function checkProcessors(root: ConfigNode, references: References, problems: Problems, folder: string): void {
  for (const { key: name, value } of entriesOf(child(root, 'processors'))) {
    const steps = child(value, 'steps');
    for (const [i, node] of steps?.kind === 'list' ? steps.items.entries() : []) {
      const read = stepSpec.check(node, '', { problems: new Problems('', ''), folder });
      const step = read && planStep(read, references);
      if (!step) continue;
      const faults: PlanFault[] = [];
      checkSteps({ name, from: [{ pattern: '#' }], steps: [step] }, () => null, faults);
      for (const fault of faults) {
        const path = fault.path.replace(/^steps\[0\]\.?/, '');
        report({ ...fault, path }, node, `${below('processors', name)}.steps[${i}]`, problems);
      }
    }
  }
}

/** Checks what the processors are to one another, once each is right in itself. */
export function checkPlansTogether(root: ConfigNode, plans: readonly ProcessorPlan[], problems: Problems): void {
  const faults: PlanFault[] = [];
  checkGrouping(plans, faults);
  for (const fault of faults) {
    const node = child(child(root, 'processors'), fault.processor)!;
    report(fault, node, below('processors', fault.processor), problems);
  }
}

/** `path` starts at `node`, which stands at `start`. */
function report({ path, at, message }: PlanFault, from: ConfigNode, start: string, problems: Problems): void {
  const { node, where } = placeOf(path, from, start);
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
 * The value that a path in a step's plan (`columns.kmh`, `prefix`, `keep[1]`) means. The file has the verb between a
 * step and its keys, names of columns may hold dots, and where the file has less, its nearest is taken.
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
  const verb = node.kind === 'map' && node.entries.length === 1 ? node.entries[0]! : null;
  return verb ? placeOf(path, verb.value, below(where, verb.key)) : placeOf(rest, node, where);
}

/** The first key of a path and what follows; all of it where the node has a key of that name. */
function split(path: string, node: ConfigNode): [key: string, rest: string] {
  if (child(node, path)) return [path, ''];
  const key = /^[^.[]+/.exec(path)?.[0] ?? path;
  return [key, path.slice(key.length).replace(/^\./, '')];
}
