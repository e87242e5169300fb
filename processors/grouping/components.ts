import { joiningPlan } from '../joining/late-output.js';
import type { ProcessorPlan } from '../plan.js';
import { connectedComponents } from '../topology.js';
import { processorOf, splitGroups } from './split-groups.js';

/** Plans that feed one another and run as one graph. */
export interface Component {
  plans: ProcessorPlan[];
  /** The topic of a group step that it reads; null = what devices send. */
  groupTopic: string | null;
  /** How many group steps lie before it. */
  level: number;
}

/** Processors as the parts that run: group steps cut them. */
export function componentsOf(processors: readonly ProcessorPlan[]): Component[] {
  const components = connectedComponents(processors.flatMap((plan) => splitGroups(withJoins(plan, processors))));
  const level = (of: readonly ProcessorPlan[]): number => {
    const topic = topicOf(of);
    return topic === null ? 0 : 1 + level(components.find((other) => other.some(({ name }) => name === topic))!);
  };
  return components.map((of) => ({ plans: of, groupTopic: topicOf(of), level: level(of) }));
}

/** What is said of processors, said of the parts of a component. */
export function ofParts<T>({ plans }: Component, byProcessor: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    plans.flatMap(({ name }) => {
      const processor = processorOf(name);
      return Object.hasOwn(byProcessor, processor) ? [[name, byProcessor[processor]!] as const] : [];
    }),
  );
}

/** An output of late rows belongs to the part with the joins, which stand before all group steps. */
function withJoins(plan: ProcessorPlan, processors: readonly ProcessorPlan[]): ProcessorPlan {
  const of = joiningPlan(plan, processors);
  return of ? { ...plan, lateOf: splitGroups(of)[0]!.name } : plan;
}

function topicOf(plans: readonly ProcessorPlan[]): string | null {
  return plans.flatMap(({ grouped }) => grouped ?? [])[0]?.topic ?? null;
}
