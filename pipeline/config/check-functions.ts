import { PitwallError } from '../../core/errors.js';
import { isPerBatch } from '../../processors/functions/function-definition.js';
import { type Functions, loadFunctions, mapSteps } from '../../processors/functions/load-functions.js';
import type { ProcessorPlan, Step } from '../../processors/plan.js';
import { upstreamOf } from '../../processors/topology.js';
import type { ProcessorConfig } from './config.js';
import { type ConfigNode, child, itemsOf } from './config-node.js';
import type { Problems } from './problems.js';
import { below } from './spec/spec.js';

/** Verbs whose rows depend on other rows. */
const WITH_STATE: readonly string[] = ['window', 'rolling', 'resample', 'fill', 'sort'];

/**
 * Loads the functions of `map` steps, and reports what is wrong with a module where the file names it. Warns where rows
 * that a function fails for are missing in a step behind it. Gives whether functions wait for something outside.
 */
export async function checkFunctions(
  processors: readonly ProcessorConfig[],
  root: ConfigNode,
  problems: Problems,
): Promise<boolean> {
  const loaded = new Map<string, Functions>();
  for (const { plan } of processors) {
    try {
      loaded.set(plan.name, await loadFunctions([plan]));
    } catch (error) {
      if (!(error instanceof PitwallError)) throw error;
      const [, step] = /, steps\[(\d+)\], /.exec(error.message)!;
      // The step is named by where it stands in the file.
      const { message } = error.cause as Error;
      report(problems.error.bind(problems), root, plan.name, Number(step), message);
    }
  }
  if (problems.hasErrors) return false;
  for (const { plan, onError } of processors) {
    if (onError === 'stop') continue;
    for (const { processor, step } of missingBehind(plan, processors, (name) => loaded.get(name)!)) {
      const name = processor.name === plan.name ? '' : ` of ${plan.name}`;
      const verb = processor.steps[step]!.verb;
      const what = `rows that a map${name} fails for are left out (onError: ${onError}): they will be missing in this ${verb}`;
      report(problems.warn.bind(problems), root, processor.name, step, what);
    }
  }
  return processors.some(({ plan }) => mapSteps([plan]).some((step) => loaded.get(plan.name)!.of(step).waits !== null));
}

/** Steps with state that come behind a function of a processor, in it and in those that read it. */
function missingBehind(
  plan: ProcessorPlan,
  processors: readonly ProcessorConfig[],
  functionsOf: (name: string) => Functions,
): { processor: ProcessorPlan; step: number }[] {
  const first = plan.steps.findIndex(({ verb }) => verb === 'map');
  if (first < 0) return [];
  const found: { processor: ProcessorPlan; step: number }[] = [];
  const seen = new Set<string>();
  const visit = (processor: ProcessorPlan, from: number): void => {
    if (seen.has(processor.name)) return;
    seen.add(processor.name);
    processor.steps.forEach((step, i) => {
      if (i >= from && keepsState(step, functionsOf(processor.name))) found.push({ processor, step: i });
    });
    for (const { plan: next } of processors) if (upstreamOf(next).includes(processor.name)) visit(next, 0);
  };
  visit(plan, first + 1);
  return found;
}

function keepsState(step: Step, functions: Functions): boolean {
  if (step.verb !== 'map') return WITH_STATE.includes(step.verb);
  const of = functions.of(step);
  return !isPerBatch(of) && of.state !== null;
}

type Say = (offset: number, message: string) => void;

/** At a step of the file, or at the module that builds the processor. */
function report(say: Say, root: ConfigNode, name: string, step: number, what: string): void {
  const processor = child(child(root, 'processors'), name);
  const where = below('processors', name);
  const use = child(processor, 'use');
  if (use) say(use.offset, `${where}.use: ${what}`);
  else {
    const node = itemsOf(child(processor, 'steps'))[step];
    const verb = node?.kind === 'map' ? node.entries[0] : undefined;
    say(verb?.value.offset ?? 0, `${where}.steps[${step}].${verb?.key ?? 'map'}: ${what}`);
  }
}
