import type { Input, ProcessorPlan } from '../../processors/plan.js';
import type { PlanFault } from '../../processors/plan-fault.js';
import { type ConfigNode, child, entriesOf, itemsOf, textOf } from './config-node.js';
import { canMeet, EntityKeys } from './entity-keys.js';
import type { Problems } from './problems.js';
import type { References } from './references.js';
import { below, shownValue } from './spec/spec.js';

/** A processor, as far as the keys of its joins go. */
interface Joining {
  name: string;
  /** Null: not known. */
  from: Input[] | null;
  /** What messages call its rows. */
  fromText: string;
  groups: boolean;
  /** Those before a step that groups the rows. */
  joins: { step: number; with: Input; text: string }[];
}

interface KeyFault {
  processor: string;
  step: number;
  message: string;
}

/**
 * A join meets rows of one entity, so both of its sides must have entity keys in common. Refuses those of which it is
 * known that they have none, or that swap what they capture. Works on the tree: of modules nothing is known here.
 */
export function checkJoinKeys(root: ConfigNode, references: References, problems: Problems): void {
  const inputOf = (node: ConfigNode) => references.resolve(textOf(node) ?? '');
  const processors = entriesOf(child(root, 'processors')).map(({ key: name, value }): Joining => {
    const nodes = child(value, 'use') ? [] : itemsOf(child(value, 'from'));
    const from = nodes.map(inputOf);
    const steps = itemsOf(child(value, 'steps'));
    const group = steps.findIndex((step) => child(step, 'group'));
    const joins = steps.slice(0, group < 0 ? steps.length : group).flatMap((each, step) => {
      const node = child(child(each, 'join'), 'with');
      const input = node && inputOf(node);
      return input ? { step, with: input, text: shownValue(node) } : [];
    });
    const fromText = nodes.map(shownValue).join(', ');
    return { name, from: from.includes(null) ? null : (from as Input[]), fromText, groups: group >= 0, joins };
  });
  for (const { processor, step, message } of keyFaults(root, processors)) {
    const where = `${below('processors', processor)}.steps[${step}].join.with`;
    const steps = itemsOf(child(child(child(root, 'processors'), processor), 'steps'));
    problems.error(child(child(steps[step], 'join'), 'with')!.offset, `${where}: ${message}`);
  }
}

/** The same for plans, those that modules build among them. */
export function joinKeyFaults(root: ConfigNode, plans: readonly ProcessorPlan[]): PlanFault[] {
  const processors = plans.map(({ name, from, steps }): Joining => {
    const group = steps.findIndex(({ verb }) => verb === 'group');
    const joins = steps.slice(0, group < 0 ? steps.length : group).flatMap((each, step) => {
      return each.verb === 'join' ? { step, with: each.with, text: nameOf(each.with) } : [];
    });
    return { name, from, fromText: from.map(nameOf).join(', '), groups: group >= 0, joins };
  });
  return keyFaults(root, processors).map(({ processor, step, message }) => {
    return { processor, path: `steps[${step}].join.with`, at: null, length: 0, message, suggestion: null };
  });
}

function keyFaults(root: ConfigNode, processors: readonly Joining[]): KeyFault[] {
  const keys = new EntityKeys(child(root, 'streams'), new Map(processors.map((each) => [each.name, each])));
  return processors.flatMap(({ name, from, fromText, joins }) => {
    const left = from && keys.of(from);
    return joins.flatMap(({ step, with: other, text }) => {
      const right = keys.of([other]);
      if (!left || !right || left.some((one) => right.some((each) => canMeet(one, each)))) return [];
      const sides = `the rows of ${text} belong to the entity ${right.join(' or ')}, those of ${fromText} to ${left.join(' or ')}`;
      const advice = 'a join meets rows of one entity; give the streams the same entity with key: below streams';
      return { processor: name, step, message: `${sides}, and ${advice}` };
    });
  });
}

function nameOf(input: Input): string {
  return `"${'pattern' in input ? input.pattern : input.processor}"`;
}
