import type { FillStep, FillValue } from '../plan.js';
import { Arguments } from './arguments.js';
import type { NameOf } from './columns.js';

/**
 * What stands for nulls of a column of kind `V`: the last value before, a point on the line between the neighbours, or a
 * constant. The texts `last` and `linear` as constants are written `{ value: 'last' }`.
 */
type Filling<V> = 'last' | 'linear' | V | { readonly value: V };

export type FillOptions<C> = { readonly [N in NameOf<C>]?: Filling<C[N]> };

const EXAMPLE = "columns, such as { ax: 'last', note: { value: '' } }";

export function fillStep(given: unknown): FillStep {
  const args = new Arguments('fill');
  const fillings = Object.entries(args.object(given, EXAMPLE));
  if (fillings.length === 0) args.fail(`names no column; it takes ${EXAMPLE}`);
  return {
    verb: 'fill',
    columns: Object.fromEntries(fillings.map(([name, each]) => [name, fillValue(args, name, each)])),
  };
}

function fillValue(args: Arguments, name: string, given: unknown): FillValue {
  if (given === 'last' || given === 'linear') return { method: given };
  const value = typeof given === 'object' && given !== null ? (given as { value?: unknown }).value : given;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return { value };
  return args.fail(`${name} takes 'last', 'linear', a number, a text, true or false, or { value: … }`);
}
