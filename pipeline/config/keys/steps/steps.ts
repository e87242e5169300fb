import type { Step } from '../../../../processors/plan.js';
import type { References } from '../../references.js';
import type { Spec } from '../../spec/spec.js';
import { verbs } from '../../spec/variants.js';
import { columns } from './columns-key.js';
import { fill } from './fill-key.js';
import { filter } from './filter-key.js';
import { group } from './group-key.js';
import { join } from './join-key.js';
import { lookup } from './lookup-key.js';
import { map } from './map-key.js';
import { resample } from './resample-key.js';
import { rolling } from './rolling-key.js';
import { select } from './select-key.js';
import { sort } from './sort-key.js';
import type { StepKey } from './step-key.js';
import { window } from './window-key.js';

/** The verbs of this version, and those it knows by name only. */
const STEPS = {
  select,
  columns,
  filter,
  join,
  lookup,
  window,
  rolling,
  resample,
  fill,
  sort,
  group,
  map,
};
const LATER: string[] = [];

type Specs = { [V in keyof typeof STEPS]: (typeof STEPS)[V]['spec'] };
type CheckedStep = NonNullable<ReturnType<typeof stepSpec.check>>;

export const stepSpec = verbs(
  each(({ spec }) => spec) as Specs,
  each(({ doc }) => doc),
  LATER,
);

/** A checked step in the form of the plan; null when a name in it does not resolve. */
export function planStep({ verb, value }: CheckedStep, references: References): Step | null {
  return (STEPS[verb] as StepKey<unknown>).plan(value, references);
}

function each<T>(of: (key: { spec: Spec<unknown>; doc: string }) => T): Record<keyof typeof STEPS, T> {
  return Object.fromEntries(Object.entries(STEPS).map(([verb, key]) => [verb, of(key)])) as Record<
    keyof typeof STEPS,
    T
  >;
}
