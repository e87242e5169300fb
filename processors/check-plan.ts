import { type Field, Schema } from '../columnar/schema.js';
import { patternFault } from '../core/stream-pattern.js';
import { suggest } from '../core/suggest.js';
import type { Node } from './expressions/ast.js';
import { checkExpression, columnType } from './expressions/check.js';
import { compileExpression } from './expressions/compile.js';
import { ExpressionError } from './expressions/fault.js';
import { parseExpression } from './expressions/parser.js';
import { joinedField } from './operators/join.js';
import type { Input, JoinStep, ProcessorPlan, Step } from './plan.js';
import { cycleIn } from './topology.js';

/** Something wrong with a plan, and where. */
export interface PlanFault {
  processor: string;
  /** Where it stands in the YAML of the processor: `steps[1].columns.kmh`, `steps[2].join.prefix`, `from[0]`. */
  path: string;
  /** Place in the text of that value, from 0 in UTF-16 units; null when all of it is meant. */
  at: number | null;
  length: number;
  message: string;
  suggestion: string | null;
}

/** What is known before anything runs: the columns of the streams a pattern names; null when they are learned. */
export type KnownSchema = (pattern: string) => Schema | null;

/**
 * Checks plans together: names, inputs, circles, and each step against the columns it meets, as far as they are known.
 * No faults means that `PartitionGraph` takes the plans.
 */
export function checkPlans(plans: readonly ProcessorPlan[], known: KnownSchema): PlanFault[] {
  const faults: PlanFault[] = [];
  const names = plans.map((plan) => plan.name);
  for (const plan of plans) {
    const fault = faultsOf(plan.name, faults);
    if (names.indexOf(plan.name) !== names.lastIndexOf(plan.name)) fault([], `there are two processors ${plan.name}`);
    if (plan.from.length === 0) fault(['from'], 'the processor reads nothing');
    plan.from.forEach((input, i) => {
      checkInput(input, ['from', i], names, fault);
    });
    plan.steps.forEach((step, i) => {
      if (step.verb === 'join') checkInput(step.with, ['steps', i, 'join', 'with'], names, fault);
    });
  }
  const cycle = cycleIn(plans);
  if (cycle) faultsOf(cycle[0]!, faults)(['from'], `the processors ${cycle.join(' -> ')} read one another in a circle`);
  if (faults.length > 0) return faults;

  const outputs = new Map<string, Schema | null>();
  const schemaOf = (input: Input): Schema | null =>
    'pattern' in input ? known(input.pattern) : outputOf(plans.find((plan) => plan.name === input.processor)!);
  const outputOf = (plan: ProcessorPlan): Schema | null => {
    const done = outputs.get(plan.name);
    if (done !== undefined) return done;
    const output = checkSteps(plan, schemaOf, faults);
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
): Schema | null {
  const fault = faultsOf(plan.name, faults);
  const outputs = plan.from.map((input) => {
    let schema = schemaOf(input);
    plan.steps.forEach((step, i) => {
      schema = checkStep(step, ['steps', i, step.verb], schema, schemaOf, fault);
    });
    return schema;
  });
  const first = outputs[0] ?? null;
  return first && outputs.every((output) => output?.fingerprint === first.fingerprint) ? first : null;
}

type Path = readonly (string | number)[];

type AddFault = (
  path: Path,
  message: string,
  place?: { at: number; length: number } | null,
  suggestion?: string | null,
) => void;

/** Adds faults of one processor, each only once though several inputs may lead to it. */
function faultsOf(processor: string, faults: PlanFault[]): AddFault {
  return (at, message, place = null, suggestion = null) => {
    const path = at
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
      .join('')
      .replace(/^\./, '');
    if (faults.some((f) => f.processor === processor && f.path === path && f.message === message)) return;
    faults.push({ processor, path, at: place?.at ?? null, length: place?.length ?? 0, message, suggestion });
  };
}

function checkInput(input: Input, path: Path, names: readonly string[], fault: AddFault): void {
  if ('pattern' in input) {
    const wrong = patternFault(input.pattern);
    if (wrong) fault(path, `the stream pattern ${input.pattern} ${wrong}`);
  } else if (!names.includes(input.processor)) {
    const meant = suggest(input.processor, names);
    fault(path, `there is no processor ${input.processor}${meant ? `; did you mean ${meant}?` : ''}`, null, meant);
  }
}

function checkStep(
  step: Step,
  path: Path,
  schema: Schema | null,
  schemaOf: (input: Input) => Schema | null,
  fault: AddFault,
): Schema | null {
  switch (step.verb) {
    case 'select': {
      const chosen = step.keep ?? step.drop;
      if (!chosen || (step.keep && step.drop)) fault(path, 'select takes either the columns to keep or those to drop');
      const listed = chosen ?? [];
      listed.forEach((name, i) => {
        const where = step.keep ? [...path, i] : [...path, 'drop', i];
        if (listed.indexOf(name) !== i) fault(where, `column ${name} stands twice`);
        else if (schema) requireColumn(schema, name, where, fault);
      });
      if (!schema) return null;
      return new Schema(
        step.keep
          ? [...new Set(step.keep)].flatMap((name) => schema.fields[schema.indexOf(name)] ?? [])
          : schema.fields.filter((f) => !step.drop?.includes(f.name)),
      );
    }
    case 'columns': {
      if (Object.keys(step.columns).length === 0) fault(path, 'the step names no column');
      const fields: Field[] = [...(schema?.fields ?? [])];
      for (const [name, text] of Object.entries(step.columns)) {
        const where = [...path, name];
        if (name === '') fault(where, 'a column needs a name');
        if (name === 'timeUs') fault(where, 'timeUs is the time of the row and cannot be replaced');
        const result = checkText(text, where, schema, fault);
        if (!schema || !result) continue;
        const at = fields.findIndex((f) => f.name === name);
        fields[at < 0 ? fields.length : at] = { ...result, name };
      }
      return schema && new Schema(fields);
    }
    case 'filter': {
      const result = checkText(step.where, path, schema, fault, true);
      if (result && result.type !== 'bool') fault(path, FILTER_NEEDS);
      return schema;
    }
    case 'join':
      return checkJoin(step, path, schema, schemaOf(step.with), fault);
  }
}

const FILTER_NEEDS = 'a filter needs true or false; compare the value with something, as in x > 0';

/** The field an expression gives over a known schema; null when it is unknown or wrong. */
function checkText(text: string, path: Path, schema: Schema | null, fault: AddFault, isFilter = false): Field | null {
  let node: Node;
  try {
    node = parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    fault(path, error.fault.message, error.fault, error.fault.suggestion);
    return null;
  }
  const { type, faults } = checkExpression(node, schema);
  for (const wrong of faults) fault(path, wrong.message, wrong, wrong.suggestion);
  if (faults.length > 0) return null;
  if (schema === null) {
    if (isFilter && (type === 'number' || type === 'text')) fault(path, FILTER_NEEDS, node);
    return null;
  }
  const result = compileExpression(node, schema).field;
  if (result === null) fault(path, 'the expression gives nothing but null', node);
  return result && { ...result, name: '' };
}

function checkJoin(
  step: JoinStep,
  path: Path,
  left: Schema | null,
  right: Schema | null,
  fault: AddFault,
): Schema | null {
  if (!['backward', 'nearest', 'linear'].includes(step.how)) {
    const meant = suggest(step.how, ['backward', 'nearest', 'linear']);
    fault([...path, 'how'], `${step.how} is not a way to join; backward, nearest and linear are`, null, meant);
  }
  if (!(step.waitUs >= 0 && Number.isFinite(step.waitUs))) {
    fault([...path, 'wait'], 'a join needs to know how long a row may wait for the right side, as in wait: 5s');
  }
  if (step.toleranceUs !== null && !(step.toleranceUs >= 0)) fault([...path, 'tolerance'], 'the tolerance is negative');
  if (!left || !right) return null;
  const fields = [...left.fields];
  for (const f of right.fields) {
    const name = step.prefix + f.name;
    if (left.indexOf(name) >= 0) {
      const instead = step.prefix === '' ? 'a prefix' : 'another prefix';
      fault([...path, 'prefix'], `column ${name} exists on both sides of the join; give the join ${instead}`);
      return null;
    }
    fields.push(joinedField(f, name, step.how));
  }
  return new Schema(fields);
}

function requireColumn(schema: Schema, name: string, path: Path, fault: AddFault): void {
  if (columnType(schema, name) !== null) return;
  const meant = suggest(
    name,
    schema.fields.map((f) => f.name),
  );
  fault(path, `unknown column ${name}${meant ? `; did you mean ${meant}?` : ''}`, null, meant);
}
