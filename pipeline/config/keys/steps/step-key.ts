import type { Step } from '../../../../processors/plan.js';
import type { References } from '../../references.js';
import type { Spec } from '../../spec/spec.js';

/** A verb in the file: what may stand there, and the step of a plan it means. */
export interface StepKey<T> {
  readonly spec: Spec<T>;
  /** One sentence without its full stop. */
  readonly doc: string;
  /** Null when a name in it does not resolve, which is reported elsewhere. */
  plan(value: T, references: References): Step | null;
}
