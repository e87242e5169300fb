import type { GroupStep, ProcessorPlan, Step } from '../plan.js';

const GROUP_TOPIC = /\.group(-\d+)?$/;

/** Whether a name is one of those that parts of processors, and their topics, have. */
export function isGroupTopic(name: string): boolean {
  return GROUP_TOPIC.test(name);
}

/** The processor that a part belongs to. */
export function processorOf(part: string): string {
  return part.replace(GROUP_TOPIC, '');
}

/**
 * A plan as the parts that run: each group step sends the rows of what is before it to a topic of its own, by key, and
 * what is behind reads that. The last part has the name of the processor. A plan without groups is its only part.
 */
export function splitGroups(plan: ProcessorPlan): ProcessorPlan[] {
  const parts: ProcessorPlan[] = [];
  let rest: ProcessorPlan = plan;
  for (let at = groupIn(rest.steps); at >= 0; at = groupIn(rest.steps)) {
    const { by } = rest.steps[at] as GroupStep;
    const topic = `${plan.name}.group${parts.length === 0 ? '' : `-${parts.length + 1}`}`;
    const done = (rest.firstStep ?? 0) + at + 1;
    parts.push({ ...rest, name: topic, steps: rest.steps.slice(0, at), groupBy: by });
    rest = {
      name: plan.name,
      from: [{ pattern: `${topic}/#` }],
      steps: rest.steps.slice(at + 1),
      grouped: { topic, by },
      firstStep: done,
    };
  }
  return [...parts, rest];
}

function groupIn(steps: readonly Step[]): number {
  return steps.findIndex((step) => step.verb === 'group');
}
