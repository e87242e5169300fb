import type { Input, ProcessorPlan, Step } from '../plan.js';
import type { Path } from '../plan-fault.js';
import { columns } from './columns.js';
import { fill } from './fill.js';
import { filter } from './filter.js';
import { group } from './group.js';
import { join } from './join.js';
import { lookup } from './lookup.js';
import { map } from './map.js';
import { resample } from './resample.js';
import { rolling } from './rolling.js';
import { select } from './select.js';
import { sort } from './sort.js';
import type { Verb } from './verb.js';
import { window } from './window.js';

const VERBS: { [V in Step['verb']]: Verb<Extract<Step, { verb: V }>> } = {
  select,
  columns,
  filter,
  join,
  lookup,
  window,
  rolling,
  group,
  resample,
  fill,
  sort,
  map,
};

export function verbOf(step: Step): Verb {
  return VERBS[step.verb] as Verb;
}

/** What the steps of a plan read beside the rows of `from`, and where in the processor that stands. */
export function stepInputs({ steps }: ProcessorPlan): { input: Input; path: Path }[] {
  return steps.flatMap((step, i) =>
    (verbOf(step).inputs?.(step) ?? []).map(({ input, path }) => ({ input, path: ['steps', i, step.verb, ...path] })),
  );
}

/** The longest that a row may wait in a processor for time to pass, microseconds: steps follow one another. */
export function longestWaitUs({ steps }: ProcessorPlan): number {
  return steps.reduce((sum, step) => sum + (verbOf(step).waitUs?.(step) ?? 0), 0);
}
