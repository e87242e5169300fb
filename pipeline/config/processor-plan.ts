import type { ProcessorPlan, Step } from '../../processors/plan.js';
import type { stepSpec } from './keys/processors-keys.js';
import type { References } from './references.js';

type CheckedStep = NonNullable<ReturnType<typeof stepSpec.check>>;

/** The plan of a processor from its checked keys; every name in it must resolve. */
export function processorPlan(
  name: string,
  from: readonly string[],
  steps: readonly CheckedStep[],
  references: References,
): ProcessorPlan {
  return {
    name,
    from: from.map((text) => references.resolve(text)!),
    steps: steps.map((step) => planStep(step, references)!),
  };
}

/** A step in the form of the plan; null when the other stream of a join does not resolve. */
export function planStep(step: CheckedStep, references: References): Step | null {
  switch (step.verb) {
    case 'select':
      return { verb: 'select', ...step.value };
    case 'columns':
      return { verb: 'columns', columns: Object.fromEntries(step.value) };
    case 'filter':
      return { verb: 'filter', where: step.value };
    case 'join': {
      const { how, keep, prefix, tolerance, wait } = step.value;
      const other = references.resolve(step.value.with);
      return other && { verb: 'join', with: other, how, toleranceUs: tolerance ?? null, waitUs: wait, keep, prefix };
    }
  }
}
