import type { ProcessorPlan } from '../../processors/plan.js';
import { planStep } from './keys/steps/steps.js';
import type { References } from './references.js';

/** The plan of a processor from its checked keys; every name in it must resolve. */
export function processorPlan(
  name: string,
  from: readonly string[],
  steps: readonly Parameters<typeof planStep>[0][],
  references: References,
): ProcessorPlan {
  return {
    name,
    from: from.map((text) => references.resolve(text)!),
    steps: steps.map((step) => planStep(step, references)!),
  };
}
