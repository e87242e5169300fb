import type {
  BoolExpression,
  Column,
  NumberExpression,
  Scope,
  TextExpression,
  UntypedExpression,
} from './expression.js';
import { BINDING, badExpression, call, column, ExpressionText, literal } from './expression-text.js';

/** A column of the rows. `timeUs` is the time of a row, in microseconds since 1970. Names of any form will do. */
export function col(name: 'timeUs'): NumberExpression<unknown>;
export function col<N extends string>(name: N): Column<N>;
export function col(name: string): unknown {
  return column(name, 'col');
}

/** A constant, where an expression begins with one: `lit(1).sub(col('grip'))`. Elsewhere it may stand as it is. */
export function lit(value: number): NumberExpression<unknown, 'row' | 'aggregate'>;
export function lit(value: boolean): BoolExpression<unknown, 'row' | 'aggregate'>;
export function lit(value: string): TextExpression<unknown, 'row' | 'aggregate'>;
export function lit(value: null): UntypedExpression<'row' | 'aggregate'>;
export function lit(value: number | boolean | string | null): unknown {
  if (value !== null && !['number', 'boolean', 'string'].includes(typeof value)) {
    throw badExpression('lit', `takes a number, a text, true, false or null, not a ${typeof value}`);
  }
  return literal(value, 'lit');
}

/** An expression written as in the YAML: `expr('speed * 3.6').gt(5)`. The compiler does not look into it. */
export function expr(text: string): UntypedExpression<'row' | 'aggregate'> {
  if (typeof text !== 'string') throw badExpression('expr', `takes the text of an expression, not a ${typeof text}`);
  return new ExpressionText(text, BINDING.or) as unknown as UntypedExpression<'row' | 'aggregate'>;
}

type NumberArg<D, S extends Scope> = number | NumberExpression<D, S>;

/** The angle of the point (x, y) in radians. */
export function atan2<D, E, S extends Scope>(y: NumberArg<D, S>, x: NumberArg<E, S>): NumberExpression<D & E, S> {
  return call('atan2', [y, x]) as never;
}

/** The square root of the sum of squares. */
export function hypot<D, E, F, S extends Scope>(
  x: NumberArg<D, S>,
  y: NumberArg<E, S>,
  ...more: NumberArg<F, S>[]
): NumberExpression<D & E & F, S> {
  return call('hypot', [x, y, ...more]) as never;
}

/** `a` where the condition is true, else `b`, also where it is null: the function `if` of the language. */
export function when<C, D, E, S extends Scope>(
  condition: BoolExpression<C, S>,
  a: NumberArg<D, S>,
  b: NumberArg<E, S>,
): NumberExpression<C & D & E, S>;
export function when<C, D, E, S extends Scope>(
  condition: BoolExpression<C, S>,
  a: string | TextExpression<D, S>,
  b: string | TextExpression<E, S>,
): TextExpression<C & D & E, S>;
export function when<C, D, E, S extends Scope>(
  condition: BoolExpression<C, S>,
  a: boolean | BoolExpression<D, S>,
  b: boolean | BoolExpression<E, S>,
): BoolExpression<C & D & E, S>;
export function when(condition: unknown, a: unknown, b: unknown): never {
  return call('if', [condition, a, b], 'when') as never;
}

/** The first that is not null. */
export function coalesce<D, E, F, S extends Scope>(
  a: NumberArg<D, S>,
  b: NumberArg<E, S>,
  ...more: NumberArg<F, S>[]
): NumberExpression<D & E & F, S>;
export function coalesce<D, E, F, S extends Scope>(
  a: string | TextExpression<D, S>,
  b: string | TextExpression<E, S>,
  ...more: (string | TextExpression<F, S>)[]
): TextExpression<D & E & F, S>;
export function coalesce<D, E, F, S extends Scope>(
  a: boolean | BoolExpression<D, S>,
  b: boolean | BoolExpression<E, S>,
  ...more: (boolean | BoolExpression<F, S>)[]
): BoolExpression<D & E & F, S>;
export function coalesce(...values: unknown[]): never {
  return call('coalesce', values) as never;
}

/** The texts one after the other. */
export function concat<D, E, F, S extends Scope>(
  a: string | TextExpression<D, S>,
  b: string | TextExpression<E, S>,
  ...more: (string | TextExpression<F, S>)[]
): TextExpression<D & E & F, S> {
  return call('concat', [a, b, ...more]) as never;
}
