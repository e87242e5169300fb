import { joiningPlan } from './joining/late-output.js';
import type { Input, ProcessorPlan } from './plan.js';
import { faultsOf, type PlanFault } from './plan-fault.js';
import { verbOf } from './verbs/verbs.js';

/**
 * What a join puts together, and what a processor reads, must lie in one partition: rows by entity do, and so do rows of
 * one group step, but not the one beside the other. Names and circles have been checked.
 */
export function checkGrouping(plans: readonly ProcessorPlan[], faults: PlanFault[]): void {
  const keys = new Map<string, Key>();
  const keyOf = (input: Input): Key => {
    if ('pattern' in input) return ENTITY;
    const known = keys.get(input.processor);
    if (known) return known;
    const key = check(plans.find((plan) => plan.name === input.processor)!);
    keys.set(input.processor, key);
    return key;
  };
  const check = (plan: ProcessorPlan): Key => {
    const fault = faultsOf(plan.name, faults);
    let key = keyOf((joiningPlan(plan, plans) ?? plan).from[0]!);
    plan.from.forEach((input, i) => {
      const other = keyOf(input);
      if (other.id === key.id) return;
      const what = `${nameOf(input)} has its rows by ${other.text}, ${nameOf(plan.from[0]!)} by ${key.text}`;
      fault(['from', i], `${what}; rows that lie in different partitions cannot be read together`);
    });
    plan.steps.forEach((step, i) => {
      for (const { input, path } of verbOf(step).inputs?.(step) ?? []) {
        const other = keyOf(input);
        if (other.id === key.id) continue;
        const what = `the rows here are by ${key.text}, those of ${nameOf(input)} by ${other.text}`;
        const advice = step.verb === 'join' ? 'join before the group step' : 'use it before the group step';
        fault(['steps', i, step.verb, ...path], `${what}, and so not in one partition; ${advice}`);
      }
      if (step.verb === 'group') key = { id: `${plan.name} ${i}`, text: step.by.join(', ') };
    });
    return key;
  };
  for (const plan of plans) keyOf({ processor: plan.name });
}

/** What the rows of a partition have in common: equal ids, equal partition. */
interface Key {
  id: string;
  text: string;
}

const ENTITY: Key = { id: '', text: 'entity' };

function nameOf(input: Input): string {
  return 'pattern' in input ? input.pattern : input.processor;
}
