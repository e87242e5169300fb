import type { Learned, Value } from './columns.js';

/*
 * The types of expressions. `C` is what an expression needs of the rows: `col('speed').mul(3.6)` is a
 * `NumberExpression<{ speed: number }>`, and fits all rows that have such a column. `S` is where it has a value: of each
 * row, or of the rows of a window together, as aggregates do. The objects behind them are ExpressionText.
 */

/** `row`: a value of each row; `aggregate`: one value of many rows. */
export type Scope = 'row' | 'aggregate';

declare const numberOf: unique symbol;
declare const boolOf: unique symbol;
declare const textOf: unique symbol;
declare const columnOf: unique symbol;
declare const untyped: unique symbol;

/** What every expression can be asked. */
interface AnyValue<C, S extends Scope> {
  /** As it stands in the YAML. */
  readonly text: string;
  isNull(): BoolExpression<C, S>;
  isNotNull(): BoolExpression<C, S>;
}

type NumberLike<D, T extends Scope> = number | NumberExpression<D, T>;
type BoolLike<D, T extends Scope> = boolean | BoolExpression<D, T>;
type TextLike<D, T extends Scope> = string | TextExpression<D, T>;

export interface NumberExpression<C, S extends Scope = 'row'> extends AnyValue<C, S> {
  readonly [numberOf]: (rows: C, scope: S) => void;
  add<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  sub<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  mul<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  div<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  /** The rest of a division, with the sign of the left side. */
  mod<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  pow<D, T extends Scope>(other: NumberLike<D, T>): NumberExpression<C & D, S & T>;
  neg(): NumberExpression<C, S>;

  abs(): NumberExpression<C, S>;
  /** -1, 0 or 1. */
  sign(): NumberExpression<C, S>;
  sqrt(): NumberExpression<C, S>;
  exp(): NumberExpression<C, S>;
  ln(): NumberExpression<C, S>;
  log10(): NumberExpression<C, S>;
  log2(): NumberExpression<C, S>;
  /** Of an angle in radians, as the others. */
  sin(): NumberExpression<C, S>;
  cos(): NumberExpression<C, S>;
  tan(): NumberExpression<C, S>;
  asin(): NumberExpression<C, S>;
  acos(): NumberExpression<C, S>;
  atan(): NumberExpression<C, S>;
  floor(): NumberExpression<C, S>;
  ceil(): NumberExpression<C, S>;
  /** Halves away from 0. */
  round(): NumberExpression<C, S>;
  clamp<D, T extends Scope>(low: NumberLike<D, T>, high: NumberLike<D, T>): NumberExpression<C & D, S & T>;

  isNan(): BoolExpression<C, S>;
  eq<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  ne<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  lt<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  le<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  gt<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  ge<D, T extends Scope>(other: NumberLike<D, T>): BoolExpression<C & D, S & T>;
  isIn(...values: number[]): BoolExpression<C, S>;
  notIn(...values: number[]): BoolExpression<C, S>;
}

export interface BoolExpression<C, S extends Scope = 'row'> extends AnyValue<C, S> {
  readonly [boolOf]: (rows: C, scope: S) => void;
  and<D, T extends Scope>(other: BoolLike<D, T>): BoolExpression<C & D, S & T>;
  or<D, T extends Scope>(other: BoolLike<D, T>): BoolExpression<C & D, S & T>;
  not(): BoolExpression<C, S>;
  eq<D, T extends Scope>(other: BoolLike<D, T>): BoolExpression<C & D, S & T>;
  ne<D, T extends Scope>(other: BoolLike<D, T>): BoolExpression<C & D, S & T>;
}

export interface TextExpression<C, S extends Scope = 'row'> extends AnyValue<C, S> {
  readonly [textOf]: (rows: C, scope: S) => void;
  lower(): TextExpression<C, S>;
  upper(): TextExpression<C, S>;
  /** In UTF-16 units. */
  length(): NumberExpression<C, S>;
  contains<D, T extends Scope>(part: TextLike<D, T>): BoolExpression<C & D, S & T>;
  startsWith<D, T extends Scope>(part: TextLike<D, T>): BoolExpression<C & D, S & T>;
  endsWith<D, T extends Scope>(part: TextLike<D, T>): BoolExpression<C & D, S & T>;
  concat<D, T extends Scope>(other: TextLike<D, T>): TextExpression<C & D, S & T>;
  eq<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  ne<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  lt<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  le<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  gt<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  ge<D, T extends Scope>(other: TextLike<D, T>): BoolExpression<C & D, S & T>;
  isIn(...values: string[]): BoolExpression<C, S>;
  notIn(...values: string[]): BoolExpression<C, S>;
}

/** A column by its name, of a kind that its use decides: `mul` needs a number of it, `contains` a text. */
export type Column<N extends string, S extends Scope = 'row'> = OneColumn<N, S> &
  NumberExpression<Record<N, number>, S> &
  TextExpression<Record<N, string>, S> &
  BoolExpression<Record<N, boolean>, S>;

/** What is the same for a column of any kind. Comes first in `Column`, so that it counts before the others. */
interface OneColumn<N extends string, S extends Scope> extends AnyValue<Record<N, Value>, S> {
  readonly [columnOf]: N;
  eq<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
  ne<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
  lt<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
  le<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
  gt<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
  ge<M extends string, T extends Scope>(other: Column<M, T>): BoolExpression<Record<N | M, Value>, S & T>;
}

/** An expression of which the compiler knows nothing: written as text, or null. */
export type UntypedExpression<S extends Scope> = { readonly [untyped]: true } & NumberExpression<Learned, S> &
  TextExpression<Learned, S> &
  BoolExpression<Learned, S>;

/** An expression over rows with the columns `C`. */
export type Expression<C, S extends Scope = 'row'> =
  | NumberExpression<C, S>
  | BoolExpression<C, S>
  | TextExpression<C, S>;

/** The kind of column that an expression over the columns `C`, or its text, gives. */
export type ResultOf<E, C> = E extends string | { readonly [untyped]: true }
  ? Learned
  : E extends { readonly [columnOf]: infer N }
    ? C[N & keyof C]
    : E extends { readonly [numberOf]: unknown }
      ? number
      : E extends { readonly [boolOf]: unknown }
        ? boolean
        : string;

/** The kinds of columns that named expressions give. */
export type ResultsOf<E, C> = { [N in keyof E]: ResultOf<E[N], C> };
