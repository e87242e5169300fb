import { componentsOf } from '../processors/grouping/components.js';
import type { Config } from './config/config.js';

/** For each output of processors, those of group steps among them, how many group steps lie before what writes it. */
export function levelsOf({ processors }: Pick<Config, 'processors'>): Record<string, number> {
  const components = componentsOf(processors.map(({ plan }) => plan));
  return Object.fromEntries(components.flatMap(({ plans, level }) => plans.map(({ name }) => [name, level] as const)));
}
