import type { Schema } from '../../columnar/schema.js';
import { checkGrouping } from '../../processors/check-grouping.js';
import { checkSteps } from '../../processors/check-plan.js';
import type { Input, ProcessorPlan, Step } from '../../processors/plan.js';
import type { PlanFault } from '../../processors/plan-fault.js';
import { type ConfigNode, child, entriesOf, itemsOf, textOf } from './config-node.js';
import { declaredColumns } from './declared-columns.js';
import { planStep, stepSpec } from './keys/steps/steps.js';
import { type DeclaredColumns, knownColumns } from './known-columns.js';
import { tagsOfPattern } from './possible-tags.js';
import { Problems } from './problems.js';
import type { References } from './references.js';
import { reportPlanFault } from './report-plan-fault.js';

/**
 * Checks each step of the processors as the plan it makes, against the columns of its rows where streams declare them, and
 * reports what is wrong at its place in the file.
 */
export function checkProcessors(root: ConfigNode, references: References, problems: Problems, folder: string): void {
  const steps = new StepCheck(root, references, declaredColumns(root, folder), problems, folder);
  for (const { key } of entriesOf(child(root, 'processors'))) steps.outputOf(key);
}

/** Checks what the processors are to one another, once each is right in itself. */
export function checkPlansTogether(root: ConfigNode, plans: readonly ProcessorPlan[], problems: Problems): void {
  const faults: PlanFault[] = [];
  checkGrouping(plans, faults);
  for (const fault of faults) reportPlanFault(fault, root, problems);
}

/** Works on the tree, so that a fault elsewhere in the file does not hide the ones found here. */
class StepCheck {
  private readonly outputs = new Map<string, Schema | null>();
  private readonly patterns: readonly string[];

  constructor(
    private readonly root: ConfigNode,
    private readonly references: References,
    private readonly declared: readonly DeclaredColumns[],
    private readonly problems: Problems,
    private readonly folder: string,
  ) {
    this.patterns = declared.map(({ pattern }) => pattern);
  }

  /** Checks a processor, once; returns the columns of its rows, null where they are not known. */
  outputOf(name: string): Schema | null {
    const done = this.outputs.get(name);
    if (done !== undefined) return done;
    // Of processors that feed themselves nothing is known; the circle is reported elsewhere.
    this.outputs.set(name, null);
    const output = this.check(name);
    this.outputs.set(name, output);
    return output;
  }

  private check(name: string): Schema | null {
    const node = child(child(this.root, 'processors'), name);
    const steps = this.stepsOf(node);
    // What a module makes of its rows, the file does not say.
    if (!steps || child(node, 'use')) return null;
    const inputs = itemsOf(child(node, 'from')).map((each) => this.references.resolve(textOf(each) ?? ''));
    const passes = (inputs.length > 0 ? inputs : [null]).map((input) => this.pass(name, input, steps));
    const [first] = passes;
    for (const pass of passes) {
      for (const fault of pass.faults) {
        const isOfAll = passes.every(({ faults }) => faults.some((other) => isSame(fault, other)));
        if (isOfAll && pass !== first) continue;
        const of = isOfAll || !pass.input ? '' : ` (in the rows of ${nameOf(pass.input)})`;
        reportPlanFault({ ...fault, message: fault.message + of }, this.root, this.problems);
      }
    }
    return passes.every(({ output }) => output?.fingerprint === first!.output?.fingerprint) ? first!.output : null;
  }

  /** The steps of a processor; one with faults of its keys is null, since these have been reported. */
  private stepsOf(node: ConfigNode | undefined): (Step | null)[] | null {
    const steps = child(node, 'steps');
    if (steps?.kind !== 'list') return null;
    return steps.items.map((each) => {
      const read = stepSpec.check(each, '', { problems: new Problems('', ''), folder: this.folder });
      return read ? planStep(read, this.references) : null;
    });
  }

  /** The rows of one input through all steps; null is an input that names nothing. */
  private pass(name: string, input: Input | null, steps: readonly (Step | null)[]) {
    const from: Input = input ?? { pattern: '#' };
    const found: PlanFault[] = [];
    let schema = input && this.columnsOf(input);
    for (const [i, step] of steps.entries()) {
      const before: Schema | null = schema;
      schema = null;
      if (!step) continue;
      const faults: PlanFault[] = [];
      const plan = { name, from: [from], steps: [step] };
      const columnsOf = (each: Input) => (each === from ? before : this.columnsOf(each));
      const after = checkSteps(plan, columnsOf, faults, (pattern) => tagsOfPattern(this.patterns, pattern));
      // What a wrong step makes is not known, so that one mistake is said once; a filter makes nothing.
      if (faults.length === 0 || after === before) schema = after;
      for (const fault of faults) found.push({ ...fault, path: fault.path.replace(/^steps\[0\]/, `steps[${i}]`) });
    }
    return { input, faults: found, output: schema };
  }

  private columnsOf(input: Input): Schema | null {
    return 'pattern' in input ? knownColumns(this.declared, input.pattern) : this.outputOf(input.processor);
  }
}

function isSame(one: PlanFault, other: PlanFault): boolean {
  return one.path === other.path && one.message === other.message;
}

function nameOf(input: Input): string {
  return 'pattern' in input ? input.pattern : input.processor;
}
