import { PitwallError } from '../../core/errors.js';
import { checkPlans, type KnownSchema } from '../../processors/check-plan.js';
import { noLateRows, processorOfLate, withLateOutputs } from '../../processors/joining/late-output.js';
import { buildDataFrame } from '../../processors/modules/build-dataframe.js';
import { loadModule } from '../../processors/modules/load-module.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { stepInputs } from '../../processors/verbs/verbs.js';
import { loadSinkModule } from '../sink-module.js';
import { checkFunctions } from './check-functions.js';
import { joinKeyFaults } from './check-join-keys.js';
import type { Config, FileConfig, ModuleProcessor, ProcessorConfig } from './config.js';
import { type ConfigNode, child, itemsOf } from './config-node.js';
import { givenColumnFaults } from './given-columns.js';
import { knownColumns } from './known-columns.js';
import { tagsOfPattern } from './possible-tags.js';
import { formatProblem, type Problem, Problems } from './problems.js';
import type { Reading } from './read-config.js';
import { References } from './references.js';
import { reportPlanFault } from './report-plan-fault.js';
import { below } from './spec/spec.js';

/** A configuration file with the modules that it names. */
export interface Loaded {
  file: string;
  /** Null when any problem is an error. */
  config: Config | null;
  problems: Problem[];
  root: ConfigNode | null;
}

/**
 * The second half of reading a configuration: loads the modules of a file that is right by itself, and checks the plans
 * they build as those of the file were. What is wrong with a module is reported where the file names it.
 */
export async function loadModules(reading: Reading): Promise<Loaded> {
  const { file, text, config, root } = reading;
  if (!config || !root) return { file, config: null, problems: reading.problems, root };
  const problems = new Problems(file, text);
  for (const [i, module] of config.modules.entries()) {
    await loadModule(module).catch((error: unknown) => {
      const node = itemsOf(child(root, 'modules'))[i];
      problems.error(node?.offset ?? 0, `modules[${i}]: ${(error as Error).message}`);
    });
  }
  for (const sink of config.sinks) {
    if (sink.type !== 'module') continue;
    await loadSinkModule(sink.options.module).catch((error: unknown) => {
      const node = child(child(child(root, 'sinks'), sink.name), 'module');
      problems.error(node?.offset ?? 0, `${below('sinks', sink.name)}.module: ${(error as Error).message}`);
    });
  }
  const declared = config.streams.map(({ pattern, time, schema }) => {
    return { pattern: pattern.text, timeField: time?.field ?? null, schema };
  });
  const known: KnownSchema = (pattern) => knownColumns(declared, pattern);
  const processors = await Promise.all(
    config.processors.map(async (each) => ('plan' in each ? each : build(each, known, root, problems))),
  );
  const built = processors.filter((each): each is ProcessorConfig => each !== null);
  if (!problems.hasErrors) checkBuilt(config, built, known, root, problems);
  const waits = !problems.hasErrors && (await checkFunctions(built, root, problems));
  const all = [...reading.problems, ...problems.list()].sort((a, b) => a.line - b.line || a.column - b.column);
  if (problems.hasErrors) return { file, config: null, problems: all, root };
  const warnings = all.map((problem) => formatProblem(file, problem));
  return { file, config: { ...config, processors: withLateOutputs(built), waits, warnings }, problems: all, root };
}

async function build(
  { name, module, from, onError }: ModuleProcessor,
  known: KnownSchema,
  root: ConfigNode,
  problems: Problems,
): Promise<ProcessorConfig | null> {
  try {
    const { plan, given } = await buildDataFrame(module, name, from);
    for (const fault of givenColumnFaults(given, known)) report(name, fault, root, problems);
    return { plan, onError };
  } catch (error) {
    if (!(error instanceof PitwallError)) throw error;
    report(name, error.message, root, problems);
    return null;
  }
}

/** Plans of modules can read what is not there, and close a circle through those of the file. */
function checkBuilt(
  config: FileConfig,
  built: readonly ProcessorConfig[],
  known: KnownSchema,
  root: ConfigNode,
  problems: Problems,
): void {
  const plans = withLateOutputs(built).map(({ plan }) => plan);
  const byModule = built.flatMap(({ plan }, i) => ('module' in config.processors[i]! ? plan : []));
  if (byModule.length === 0) return;
  checkBranches(config, plans, root, problems);
  const references = new References(root, new Problems('', ''));
  for (const plan of byModule) {
    for (const { input } of [...plan.from.map((each) => ({ input: each })), ...stepInputs(plan)]) {
      const fault = 'pattern' in input ? streamFault(input.pattern, references) : null;
      if (fault !== null) report(plan.name, fault, root, problems);
    }
  }
  const patterns = config.streams.map(({ pattern }) => pattern.text);
  const faults = checkPlans(plans, known, (pattern) => tagsOfPattern(patterns, pattern));
  for (const fault of [...faults, ...joinKeyFaults(root, plans)]) {
    const { processor, path, message } = fault;
    if (byModule.some(({ name }) => name === processor)) report(processor, `${path}: ${message}`, root, problems);
    else reportPlanFault(fault, root, problems);
  }
}

/** A branch can name late rows that the joins of a module turn out not to give. */
function checkBranches(
  { sinks }: FileConfig,
  plans: readonly ProcessorPlan[],
  root: ConfigNode,
  problems: Problems,
): void {
  for (const { name, from } of sinks) {
    from.forEach((input, i) => {
      if ('pattern' in input || plans.some((plan) => plan.name === input.processor)) return;
      const node = itemsOf(child(child(child(root, 'sinks'), name), 'from'))[i];
      const what = noLateRows(processorOfLate(input.processor));
      problems.error(node?.offset ?? 0, `${below('sinks', name)}.from: "${input.processor}" has no rows: ${what}`);
    });
  }
}

/** Why the file would not take for a stream what the module does, or null. */
function streamFault(pattern: string, references: References): string | null {
  const meant = references.resolve(pattern);
  if (meant && 'pattern' in meant) return null;
  return meant
    ? `reads the stream "${pattern}", which is a processor; write processor('${pattern}')`
    : `reads the stream "${pattern}", which is not declared; a stream pattern holds a / or is "#"`;
}

/** At the module's name in the file. */
function report(name: string, message: string, root: ConfigNode, problems: Problems): void {
  const use = child(child(child(root, 'processors'), name), 'use');
  problems.error(use?.offset ?? 0, `${below('processors', name)}.use: ${message}`);
}
