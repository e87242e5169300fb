import type { Value } from './columns.js';
import type { BoolExpression, Column, Expression, NumberExpression, Scope } from './expression.js';
import { call, column } from './expression-text.js';

/*
 * Aggregates, for windows and rolling columns. Each takes a column by its name or an expression of the row:
 * `mean('speed')`, `max(col('speed').mul(3.6))`. Nulls and NaN are left out.
 */

type Aggregate<C> = NumberExpression<C, 'aggregate'>;
/** Bools count as 0 and 1. */
type NumberArg<D> = NumberExpression<D> | BoolExpression<D>;
type Named<N extends string> = Record<N, number | boolean>;

function aggregate(name: string, args: readonly unknown[]): never {
  const columns = args.map((arg) => (typeof arg === 'string' ? column(arg, name) : arg));
  return call(name, columns) as never;
}

/** Rows; with a column or an expression, those where it is not null. */
export function count(): Aggregate<unknown>;
export function count<N extends string>(column: N): Aggregate<Record<N, Value>>;
export function count<D>(of: Expression<D>): Aggregate<D>;
export function count(...of: unknown[]): never {
  return aggregate('count', of);
}

/** How many different values there are. */
export function distinct<N extends string>(column: N): Aggregate<Record<N, Value>>;
export function distinct<D>(of: Expression<D>): Aggregate<D>;
export function distinct(of: unknown): never {
  return aggregate('distinct', [of]);
}

export function sum<N extends string>(column: N): Aggregate<Named<N>>;
export function sum<D>(of: NumberArg<D>): Aggregate<D>;
export function sum(of: unknown): never {
  return aggregate('sum', [of]);
}

export function mean<N extends string>(column: N): Aggregate<Named<N>>;
export function mean<D>(of: NumberArg<D>): Aggregate<D>;
export function mean(of: unknown): never {
  return aggregate('mean', [of]);
}

/** The standard deviation of a sample (n - 1); null for fewer than two values. */
export function std<N extends string>(column: N): Aggregate<Named<N>>;
export function std<D>(of: NumberArg<D>): Aggregate<D>;
export function std(of: unknown): never {
  return aggregate('std', [of]);
}

/** The variance of a sample (n - 1); null for fewer than two values. */
export function variance<N extends string>(column: N): Aggregate<Named<N>>;
export function variance<D>(of: NumberArg<D>): Aggregate<D>;
export function variance(of: unknown): never {
  return aggregate('var', [of]);
}

export function median<N extends string>(column: N): Aggregate<Named<N>>;
export function median<D>(of: NumberArg<D>): Aggregate<D>;
export function median(of: unknown): never {
  return aggregate('median', [of]);
}

/** The value below which the share `q` (0 to 1) lies, on the line between neighbours. */
export function quantile<N extends string>(column: N, q: number): Aggregate<Named<N>>;
export function quantile<D>(of: NumberArg<D>, q: number): Aggregate<D>;
export function quantile(of: unknown, q: number): never {
  return aggregate('quantile', [of, q]);
}

/** Change a second, from the first to the last value. */
export function rate<N extends string>(column: N): Aggregate<Named<N>>;
export function rate<D>(of: NumberArg<D>): Aggregate<D>;
export function rate(of: unknown): never {
  return aggregate('rate', [of]);
}

/** How much a counter went up; a step down is a counter that began again at 0. */
export function increase<N extends string>(column: N): Aggregate<Named<N>>;
export function increase<D>(of: NumberArg<D>): Aggregate<D>;
export function increase(of: unknown): never {
  return aggregate('increase', [of]);
}

/** Value times seconds, by trapezoids. */
export function integral<N extends string>(column: N): Aggregate<Named<N>>;
export function integral<D>(of: NumberArg<D>): Aggregate<D>;
export function integral(of: unknown): never {
  return aggregate('integral', [of]);
}

/** The mean over time: the integral by the time between the first and the last value. */
export function timeWeightedMean<N extends string>(column: N): Aggregate<Named<N>>;
export function timeWeightedMean<D>(of: NumberArg<D>): Aggregate<D>;
export function timeWeightedMean(of: unknown): never {
  return aggregate('time_weighted_mean', [of]);
}

/** Metres along the points, which are in degrees. */
export function distance<N extends string, M extends string>(lat: N, lon: M): Aggregate<Named<N | M>>;
export function distance<D, E>(lat: NumberExpression<D>, lon: NumberExpression<E>): Aggregate<D & E>;
export function distance(lat: unknown, lon: unknown): never {
  return aggregate('distance', [lat, lon]);
}

/** The value of the earliest row, of any kind. */
export function first<N extends string>(column: N): Column<N, 'aggregate'>;
export function first<D>(of: NumberExpression<D>): Aggregate<D>;
export function first(of: unknown): never {
  return aggregate('first', [of]);
}

/** The value of the latest row, of any kind. */
export function last<N extends string>(column: N): Column<N, 'aggregate'>;
export function last<D>(of: NumberExpression<D>): Aggregate<D>;
export function last(of: unknown): never {
  return aggregate('last', [of]);
}

/** Of one column or expression the smallest of its values; of several values the smallest, row by row. */
export function min<N extends string>(column: N): Column<N, 'aggregate'>;
export function min<D>(of: NumberExpression<D>): Aggregate<D>;
export function min<D, E, F, S extends Scope>(...values: RowNumbers<D, E, F, S>): NumberExpression<D & E & F, S>;
export function min(...of: unknown[]): never {
  return of.length === 1 ? aggregate('min', of) : (call('min', of) as never);
}

/** Of one column or expression the largest of its values; of several values the largest, row by row. */
export function max<N extends string>(column: N): Column<N, 'aggregate'>;
export function max<D>(of: NumberExpression<D>): Aggregate<D>;
export function max<D, E, F, S extends Scope>(...values: RowNumbers<D, E, F, S>): NumberExpression<D & E & F, S>;
export function max(...of: unknown[]): never {
  return of.length === 1 ? aggregate('max', of) : (call('max', of) as never);
}

type RowNumbers<D, E, F, S extends Scope> = [
  a: number | NumberExpression<D, S>,
  b: number | NumberExpression<E, S>,
  ...more: (number | NumberExpression<F, S>)[],
];
