import type { Schema } from '../columnar/schema.js';
import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { suggest } from '../core/suggest.js';
import { checkGrouping } from './check-grouping.js';
import { givesLateRows, joiningPlan, lateSchema, noLateRows, processorOfLate } from './joining/late-output.js';
import type { Input, ProcessorPlan } from './plan.js';
import { type AddFault, faultsOf, type Path, type PlanFault } from './plan-fault.js';
import { cycleIn } from './topology.js';
import { stepInputs, verbOf } from './verbs/verbs.js';

/** What is known before anything runs: the columns of the streams a pattern names; null when they are learned. */
export type KnownSchema = (pattern: string) => Schema | null;

/** The tags that rows of the streams a pattern names may have. */
export type KnownTags = (pattern: string) => ReadonlySet<string>;

const capturesOf: KnownTags = (pattern) => new Set(new StreamPattern(pattern).captures);

/**
 * Checks plans together: names, inputs, circles, and each step against the columns it meets, as far as they are known.
 * No faults means that `PartitionGraph` takes the plans.
 */
export function checkPlans(
  plans: readonly ProcessorPlan[],
  known: KnownSchema,
  tagsOf: KnownTags = capturesOf,
): PlanFault[] {
  const faults: PlanFault[] = [];
  const names = plans.map((plan) => plan.name);
  for (const plan of plans) {
    const fault = faultsOf(plan.name, faults);
    if (names.indexOf(plan.name) !== names.lastIndexOf(plan.name)) fault([], `there are two processors ${plan.name}`);
    if (plan.from.length === 0 && plan.lateOf === undefined) fault(['from'], 'the processor reads nothing');
    plan.from.forEach((input, i) => {
      checkInput(input, ['from', i], names, fault);
    });
    for (const { input, path } of stepInputs(plan)) checkInput(input, path, names, fault);
  }
  const cycle = cycleIn(plans);
  if (cycle) {
    const fault = faultsOf(processorOfLate(cycle[0]!), faults);
    fault(['from'], `the processors ${cycle.join(' -> ')} read one another in a circle`);
  }
  if (faults.length > 0) return faults;
  checkGrouping(plans, faults);

  const outputs = new Map<string, Schema | null>();
  const schemaOf = (input: Input): Schema | null =>
    'pattern' in input ? known(input.pattern) : outputOf(plans.find((plan) => plan.name === input.processor)!);
  const outputOf = (plan: ProcessorPlan): Schema | null => {
    const done = outputs.get(plan.name);
    if (done !== undefined) return done;
    const joining = joiningPlan(plan, plans);
    const output = joining ? lateSchemaOf(joining, schemaOf) : checkSteps(plan, schemaOf, faults, tagsOf);
    outputs.set(plan.name, output);
    return output;
  };
  for (const plan of plans) outputOf(plan);
  return faults;
}

/** Checks the steps of one plan against what its inputs are known to have; returns what comes out, null if unknown. */
export function checkSteps(
  plan: ProcessorPlan,
  schemaOf: (input: Input) => Schema | null,
  faults: PlanFault[],
  tagsOf: KnownTags = capturesOf,
): Schema | null {
  const fault = faultsOf(plan.name, faults);
  const outputs = plan.from.map((input) => {
    let schema = schemaOf(input);
    const tags = 'pattern' in input ? tagsOf(input.pattern) : null;
    plan.steps.forEach((step, i) => {
      schema = verbOf(step).check(step, schema, { path: ['steps', i, step.verb], schemaOf, tags, fault });
    });
    return schema;
  });
  const first = outputs[0] ?? null;
  return first && outputs.every((output) => output?.fingerprint === first.fingerprint) ? first : null;
}

/** The columns of the late rows of a plan's joins; null where they are not known, or not the same. */
function lateSchemaOf({ steps }: ProcessorPlan, schemaOf: (input: Input) => Schema | null): Schema | null {
  const all = steps.filter(givesLateRows).map((step) => schemaOf(step.with));
  const [first] = all;
  return first && all.every((each) => each?.fingerprint === first.fingerprint) ? lateSchema(first) : null;
}

function checkInput(input: Input, path: Path, names: readonly string[], fault: AddFault): void {
  if ('pattern' in input) {
    const wrong = patternFault(input.pattern);
    if (wrong) fault(path, `the stream pattern ${input.pattern} ${wrong}`);
  } else if (!names.includes(input.processor)) {
    const joining = processorOfLate(input.processor);
    const meant = suggest(input.processor, names);
    const what = names.includes(joining)
      ? noLateRows(joining)
      : `there is no processor ${input.processor}${meant ? `; did you mean ${meant}?` : ''}`;
    fault(path, what, null, meant);
  }
}
