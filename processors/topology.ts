import { PitwallError } from '../core/errors.js';
import type { ProcessorPlan } from './plan.js';
import { stepInputs } from './verbs/verbs.js';

/** Names of the processors whose rows a plan has, each once. */
export function upstreamOf(plan: ProcessorPlan): string[] {
  const names = new Set(plan.lateOf === undefined ? [] : [plan.lateOf]);
  for (const input of [...plan.from, ...stepInputs(plan).map((step) => step.input)]) {
    if ('processor' in input) names.add(input.processor);
  }
  return [...names];
}

/** A cycle among the plans as names, the first one repeated at the end; null when there is none. */
export function cycleIn(plans: readonly ProcessorPlan[]): string[] | null {
  const byName = new Map(plans.map((plan) => [plan.name, plan]));
  const done = new Set<string>();
  const path: string[] = [];

  function visit(name: string): string[] | null {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    const plan = byName.get(name);
    if (done.has(name) || !plan) return null;
    path.push(name);
    for (const upstream of upstreamOf(plan)) {
      const cycle = visit(upstream);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(name);
    return null;
  }

  for (const plan of plans) {
    const cycle = visit(plan.name);
    if (cycle) return cycle;
  }
  return null;
}

/** The plans with each one after those it reads; throws `bad-configuration` for a cycle or a name that is not there. */
export function inOrder(plans: readonly ProcessorPlan[]): ProcessorPlan[] {
  const cycle = cycleIn(plans);
  if (cycle)
    throw new PitwallError('bad-configuration', `the processors ${cycle.join(' -> ')} read one another in a circle`, {
      stage: 'configuration',
    });
  const byName = new Map(plans.map((plan) => [plan.name, plan]));
  const ordered = new Set<ProcessorPlan>();
  function add(plan: ProcessorPlan): void {
    for (const name of upstreamOf(plan)) {
      const upstream = byName.get(name);
      if (!upstream)
        throw new PitwallError('bad-configuration', `processor ${plan.name} reads ${name}, which is no processor`, {
          stage: 'configuration',
        });
      add(upstream);
    }
    ordered.add(plan);
  }
  for (const plan of plans) add(plan);
  return [...ordered];
}

/** The plans in groups that share nothing: each group runs as one graph, and the groups beside one another. */
export function connectedComponents(plans: readonly ProcessorPlan[]): ProcessorPlan[][] {
  const groups: Set<string>[] = [];
  for (const plan of plans) {
    const names = new Set([plan.name, ...upstreamOf(plan)]);
    for (let i = groups.length - 1; i >= 0; i--) {
      if (![...groups[i]!].some((name) => names.has(name))) continue;
      for (const name of groups[i]!) names.add(name);
      groups.splice(i, 1);
    }
    groups.push(names);
  }
  return groups.map((names) => plans.filter((plan) => names.has(plan.name)));
}

/** The named plans and those they read, in the order of `plans`. Names must be those of plans. */
export function withUpstream(plans: readonly ProcessorPlan[], names: readonly string[]): ProcessorPlan[] {
  const wanted = new Set(names);
  // A set goes on to what is added while it is walked.
  for (const name of wanted) {
    const plan = plans.find((each) => each.name === name);
    for (const upstream of plan ? upstreamOf(plan) : []) wanted.add(upstream);
  }
  return plans.filter(({ name }) => wanted.has(name));
}
