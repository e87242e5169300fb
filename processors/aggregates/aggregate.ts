/** Cells of one argument, one a row: numbers, where NaN stands for null, or texts. */
export type Cells = Float64Array | readonly (string | null)[];

/**
 * What an aggregate keeps, in a fixed number of slots of a Float64Array from `at` on, so that many states lie in one
 * array. NaN cells stand for null and are skipped. Cutting rows into runs differently must give the same bits.
 */
export interface FlatState {
  readonly slots: number;
  /** Makes the state of no rows. */
  init(state: Float64Array, at: number): void;
  /** Takes in rows [from, to), ascending in time. `args` has one array an argument. */
  add(
    state: Float64Array,
    at: number,
    args: readonly Float64Array[],
    timeUs: Float64Array,
    from: number,
    to: number,
  ): void;
  /** Takes in a state whose rows come after these; `later` is left as it is. */
  merge(state: Float64Array, at: number, later: Float64Array, laterAt: number): void;
}

/** What an aggregate keeps that does not fit in slots: texts, sorted values. */
export interface BoxedState<S> {
  create(): S;
  /** The state with rows [from, to) as well, ascending in time; may change `state`. */
  add(state: S, args: readonly Cells[], timeUs: Float64Array, from: number, to: number): S;
  /** For states that can exactly forget rows they have taken in; a rolling step then keeps one state and no others. */
  remove?(state: S, args: readonly Cells[], from: number, to: number): S;
  /**
   * The state of both. Never changes `later` nor shares with it what `add` may change; without `remove` the same goes for
   * `earlier`.
   */
  merge(earlier: S, later: S): S;
  /** The state as a value that structured cloning knows; without it the state is such a value. */
  save?(state: S): unknown;
  restore?(saved: unknown): S;
}

/** A flat state and what is read from it. */
export interface FlatForm {
  readonly state: FlatState;
  /** Writes the result to `out[row]`; false when there is none (null). Not a returned number, which would be an object. */
  result(state: Float64Array, at: number, out: Float64Array, row: number): boolean;
}

/** A boxed state and what is read from it: a number, or a text where the argument is a text; null when there is none. */
export interface BoxedForm<S> {
  readonly boxed: BoxedState<S>;
  result(state: S, constants: readonly number[]): number | string | null;
}

// biome-ignore lint/suspicious/noExplicitAny: the table holds states of every type; each is only given to its own form
export type Form = FlatForm | BoxedForm<any>;

export interface Parameter {
  readonly name: string;
  /** `number`: numbers, and bools as 0 and 1; `any`: texts as well; `constant`: one number for all rows, within 0 … 1. */
  readonly takes: 'number' | 'any' | 'constant';
  /** May be left out; the last parameter only. */
  readonly optional?: boolean;
}

/**
 * An entry of the table of aggregates. Entries that share a state object (sum and mean, std and var) share what is kept
 * when they stand in one step over the same arguments.
 */
export interface Aggregate {
  readonly parameters: readonly Parameter[];
  /** `count`: a number, and never null; `number`; `same`: what the first argument is, number, bool or text. */
  readonly gives: 'count' | 'number' | 'same';
  /** Depends on the order of time: rows that come older than those already in are left out. */
  readonly ordered: boolean;
  /** Over numbers and bools; over anything for `count`, where cells count as null or not. */
  readonly numbers: Form;
  /** Over texts, for aggregates that look at the text itself. */
  readonly texts: Form | null;
}
