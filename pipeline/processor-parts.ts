import { splitGroups } from '../processors/grouping/split-groups.js';
import type { ProcessorPlan } from '../processors/plan.js';
import { connectedComponents } from '../processors/topology.js';
import type { Config } from './config/config.js';

/** Plans that feed one another and run as one graph. */
export interface Component {
  plans: ProcessorPlan[];
  /** The topic of a group step that it reads; null = what devices send. */
  groupTopic: string | null;
  /** How many group steps lie before it. */
  level: number;
}

/** The processors as the parts that run: group steps cut them. */
export function componentsOf({ processors }: Pick<Config, 'processors'>): Component[] {
  const plans = processors.flatMap(({ plan }) => splitGroups(plan));
  const components = connectedComponents(plans);
  const level = (of: readonly ProcessorPlan[]): number => {
    const topic = topicOf(of);
    return topic === null ? 0 : 1 + level(components.find((other) => other.some(({ name }) => name === topic))!);
  };
  return components.map((of) => ({ plans: of, groupTopic: topicOf(of), level: level(of) }));
}

function topicOf(plans: readonly ProcessorPlan[]): string | null {
  return plans.flatMap(({ grouped }) => grouped ?? [])[0]?.topic ?? null;
}

/** For each output of processors the level of what writes it. */
export function levelsOf(config: Pick<Config, 'processors'>): Record<string, number> {
  return Object.fromEntries(
    componentsOf(config).flatMap(({ plans, level }) => plans.map(({ name }) => [name, level] as const)),
  );
}
