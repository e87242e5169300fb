import { isDeepStrictEqual } from 'node:util';
import { PitwallError } from '../../core/errors.js';
import { loadModule } from '../modules/load-module.js';
import { badModule } from '../modules/module-fault.js';
import type { Input, MapStep, ProcessorPlan } from '../plan.js';
import { functionOf, type UserFunction } from './function-definition.js';

/** The functions of the `map` steps of plans, loaded. */
export interface Functions {
  of(step: MapStep): UserFunction;
}

/** How messages name a step's module. */
export function moduleName({ module, index }: MapStep): string {
  return index === null ? module : `${module} (function ${index + 1})`;
}

export function mapSteps(plans: readonly ProcessorPlan[]): MapStep[] {
  return plans.flatMap(({ steps }) => steps.filter((step): step is MapStep => step.verb === 'map'));
}

/**
 * Loads the modules of plans; a module is loaded once a thread. Throws `processor-failed`, which names the module, when
 * one is not there, raises an error, or exports no function.
 */
export async function loadFunctions(plans: readonly ProcessorPlan[]): Promise<Functions> {
  const loaded = new Map<string, UserFunction>();
  for (const plan of plans) {
    for (const [i, step] of plan.steps.entries()) {
      if (step.verb !== 'map' || loaded.has(keyOf(step))) continue;
      try {
        loaded.set(keyOf(step), await loadFunction(plan, step));
      } catch (cause) {
        throw loadFailed(`processor ${plan.name}, steps[${i}], map`, cause);
      }
    }
  }
  return {
    of(step) {
      const found = loaded.get(keyOf(step));
      if (!found) throw new PitwallError('internal', `${moduleName(step)} was not loaded`, { stage: 'processor' });
      return found;
    },
  };
}

/** Of plans that have been replaced: where a module is gone or fails, its function lets no row pass; `warn` hears it. */
export async function loadOldFunctions(
  plans: readonly ProcessorPlan[],
  warn: (message: string) => void,
): Promise<Functions> {
  const loaded = new Map<string, UserFunction>();
  for (const plan of plans) {
    for (const step of mapSteps([plan])) {
      try {
        loaded.set(keyOf(step), await loadFunction(plan, step));
      } catch (error) {
        loaded.set(keyOf(step), functionOf(() => null)!);
        const why = (error as Error).message;
        warn(`rows that processor ${plan.name} had yet to give by its old plan are lost at its map: ${why}`);
      }
    }
  }
  return { of: (step) => loaded.get(keyOf(step))! };
}

async function loadFunction(plan: ProcessorPlan, { module, index, inputs }: MapStep): Promise<UserFunction> {
  if (index !== null) return dataFrameFunction(plan, module, index, inputs ?? null);
  const exported = await loadModule(module);
  let found: UserFunction | null;
  try {
    found = functionOf(exported.default);
  } catch (cause) {
    throw badModule(module, `exports a function that is none of a step: ${(cause as Error).message}`, cause);
  }
  if (found) return found;
  const what = 'default' in exported ? 'exports no function by default' : 'has no default export';
  throw badModule(module, `${what}; write export default rowFunction({ … }), or export default (row) => …`);
}

/** A function of a dataframe, whose module must build the steps that run here: else its functions may be others. */
async function dataFrameFunction(
  plan: ProcessorPlan,
  module: string,
  index: number,
  inputs: readonly Input[] | null,
): Promise<UserFunction> {
  const { buildDataFrame } = await import('../modules/build-dataframe.js');
  const built = await buildDataFrame(module, plan.name, inputs);
  const { steps } = built.plan;
  const isPart = steps.some((_, at) => isDeepStrictEqual(steps.slice(at, at + plan.steps.length), plan.steps));
  if (isPart) return functionOf(built.functions[index])!;
  throw badModule(module, 'builds other steps than those that run; restart after changes of a module');
}

function loadFailed(where: string, cause: unknown): PitwallError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new PitwallError('processor-failed', `${where}: ${what}`, { stage: 'processor', cause });
}

/** A module that builds frames of several inputs builds a function for each. */
function keyOf({ module, index, inputs }: MapStep): string {
  return JSON.stringify([module, index, inputs ?? null]);
}
