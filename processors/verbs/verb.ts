import type { Batch } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import type { Join } from '../joining/join.js';
import type { Input, Step } from '../plan.js';
import type { AddFault, Path } from '../plan-fault.js';
import type { Asks, StatefulStep } from './lane-state.js';
import type { StepContext } from './step-context.js';

/** One kind of step: all there is to it, from the check of a plan to the loops over its rows. */
export interface Verb<S extends Step = Step> {
  /** Checks the step against the columns it meets, null where they are not known; returns those that come out. */
  check(step: S, schema: Schema | null, at: StepCheck): Schema | null;
  /** Makes a checked step ready to run, once for all entities. */
  compile(step: S, context: StepContext): CompiledStep;
  /** What it reads beside the rows that come to it, and where in the value of the verb that stands. */
  inputs?(step: S): { input: Input; path: Path }[];
  /** The longest that a row may wait in it for the entity's clock, microseconds. */
  waitUs?(step: S): number;
}

export interface StepCheck {
  /** Of the value of the step's verb. */
  path: Path;
  /** The columns of another input, as far as they are known. */
  schemaOf(input: Input): Schema | null;
  /** Tags that the rows have by what patterns capture; null where more than those are possible. */
  tags: ReadonlySet<string> | null;
  fault: AddFault;
}

/** A step is one of three: without state, with state of each lane, or with a second side. Some ask outside before they take rows. */
export type CompiledStep =
  | { operator: Operator; asks?: Asks }
  | { stateful: StatefulStep; asks?: Asks }
  | { join: Join; right: Input };

/** A step without state: batches in, batches out, compiled anew for each schema it meets. */
export interface Operator {
  /** Every row that comes leaves, at its time and in its order. */
  readonly keepsRows?: true;
  /** The rows after the step; null when none are left. Never changes the batch it is given. */
  apply(batch: Batch): Batch | null;
}
