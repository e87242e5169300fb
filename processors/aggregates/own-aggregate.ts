import type { Aggregate, BoxedState, Cells } from './aggregate.js';

/**
 * An aggregate of the user's own, over numbers. Its state is a value that structured cloning knows (a number, or an
 * object, array, Map or Set of such), for it is written to checkpoints.
 *
 * ```ts
 * registerAggregate('rms', {
 *   parameters: ['x'],
 *   create: () => ({ n: 0, squares: 0 }),
 *   add: (s, [x]) => { s.n++; s.squares += x * x; return s; },
 *   merge: (a, b) => ({ n: a.n + b.n, squares: a.squares + b.squares }),
 *   result: (s) => (s.n === 0 ? null : Math.sqrt(s.squares / s.n)),
 * });
 * ```
 */
export interface OwnAggregate<S> {
  /** What the arguments are called in messages, one or more. */
  readonly parameters: readonly string[];
  /** Depends on the order of time: rows that come older than those already in are left out. */
  readonly ordered?: boolean;
  create(): S;
  /** The state with one row more, which may be `state` itself, changed. Rows with a null or NaN argument are left out. */
  add(state: S, values: number[], timeUs: number): S;
  /** A new state of both; `later` has the rows after those of `earlier`. Changes neither. */
  merge(earlier: S, later: S): S;
  /** Null when there is none, as for no rows. */
  result(state: S): number | null;
}

/** `lastUs` is the time of the last row that counted, -Infinity while there is none. */
interface Kept<S> {
  own: S;
  lastUs: number;
}

/** The entry of the table. */
export function entryOf<S>(aggregate: OwnAggregate<S>): Aggregate {
  const ordered = aggregate.ordered ?? false;
  const values: number[] = aggregate.parameters.map(() => 0);
  const boxed: BoxedState<Kept<S>> = {
    create: () => ({ own: aggregate.create(), lastUs: -Infinity }),
    add(state, args, timeUs, from, to) {
      for (let i = from; i < to; i++) {
        const time = timeUs[i]!;
        if ((ordered && time < state.lastUs) || !read(args, i, values)) continue;
        state.own = aggregate.add(state.own, values, time);
        if (time > state.lastUs) state.lastUs = time;
      }
      return state;
    },
    merge: (earlier, later) => ({
      own: aggregate.merge(earlier.own, later.own),
      lastUs: Math.max(earlier.lastUs, later.lastUs),
    }),
  };
  return {
    parameters: aggregate.parameters.map((name) => ({ name, takes: 'number' })),
    gives: 'number',
    ordered,
    numbers: { boxed, result: (state: Kept<S>) => aggregate.result(state.own) },
    texts: null,
  };
}

/** Whether the row has all values; NaN stands for null. */
function read(args: readonly Cells[], row: number, values: number[]): boolean {
  for (let a = 0; a < args.length; a++) {
    const value = (args[a] as Float64Array)[row]!;
    if (Number.isNaN(value)) return false;
    values[a] = value;
  }
  return true;
}
