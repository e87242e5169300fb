import type { Cell } from '../functions/function-types.js';
import type { IfKnown, Learned, With } from './columns.js';

/** A row as a function of `map` sees it: null where a cell is. */
export type RowOf<C> = IfKnown<C, { readonly [N in keyof C]: C[N] | null }> & {
  /** Event time, whole microseconds since 1970. */
  readonly timeUs: number;
  /** The cell of any column: for names that are no property names. */
  get(column: string): Cell;
};

/** The columns after a function that gives `R`: what it adds or replaces, where it gives cells at all. */
export type Mapped<C, R> = [CellsIn<R>] extends [never]
  ? C
  : With<C, { [N in Exclude<NamesIn<CellsIn<R>>, 'timeUs'>]: KindOf<CellIn<CellsIn<R>, N>> }>;

/** The cells among what a function gives: a row, a list of rows, or only whether the row stays. */
type CellsIn<R> = R extends readonly (infer Item)[] ? CellsIn<Item> : R extends object ? R : never;

// Each of several kinds of rows counts.
type NamesIn<Rows> = Rows extends unknown ? keyof Rows & string : never;
type CellIn<Rows, N> = Rows extends unknown ? Rows[N & keyof Rows] : never;

/** The kind of a column whose cells have this type in JavaScript. */
export type KindOf<V> = 0 extends 1 & V
  ? Learned
  : V extends number | bigint
    ? number
    : V extends boolean
      ? boolean
      : V extends string
        ? string
        : never;
