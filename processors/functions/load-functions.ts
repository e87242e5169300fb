import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { PitwallError } from '../../core/errors.js';
import type { MapStep, ProcessorPlan } from '../plan.js';
import { functionOf, type UserFunction } from './function-definition.js';
import { moduleLine } from './function-fault.js';

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
        loaded.set(keyOf(step), await loadFunction(step));
      } catch (cause) {
        throw loadFailed(`processor ${plan.name}, steps[${i}], map`, step, cause);
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
        const functions = await loadFunctions([{ ...plan, steps: [step] }]);
        loaded.set(keyOf(step), functions.of(step));
      } catch (error) {
        loaded.set(keyOf(step), functionOf(() => null)!);
        const why = (error as Error).message;
        warn(`rows that processor ${plan.name} had yet to give by its old plan are lost at its map: ${why}`);
      }
    }
  }
  return { of: (step) => loaded.get(keyOf(step))! };
}

async function loadFunction(step: MapStep): Promise<UserFunction> {
  const { module, index } = step;
  if (index !== null) throw new Error('functions of a dataframe are not part of this version');
  if (!existsSync(module)) throw new Error('there is no such file');
  const exported = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  const found = functionOf(exported.default);
  if (found) return found;
  const what = 'default' in exported ? 'its default export is no function' : 'it has no default export';
  throw new Error(`${what}; write export default rowFunction({ … }), or export default (row) => …`);
}

function loadFailed(where: string, step: MapStep, cause: unknown): PitwallError {
  const what = cause instanceof Error ? cause.message : String(cause);
  const message = `${where} ${moduleLine(cause, moduleName(step))}: ${what}`;
  return new PitwallError('processor-failed', message, { stage: 'processor', cause });
}

function keyOf({ module, index }: MapStep): string {
  return `${module}\n${index}`;
}
