import type { BoxedForm, BoxedState } from '../aggregate.js';
import { KEPT_VALUES_MAX, tooManyValues } from './kept-values.js';

/** How often each value occurs. 0 and -0 are one value. */
type Counts = Map<number | string, number>;

const boxed: BoxedState<Counts> = {
  create: () => new Map(),
  add(state, args, _timeUs, from, to) {
    const values = args[0]!;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value === null || Number.isNaN(value)) continue;
      state.set(value, (state.get(value) ?? 0) + 1);
    }
    if (state.size > KEPT_VALUES_MAX) throw tooManyValues();
    return state;
  },
  remove(state, args, from, to) {
    const values = args[0]!;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value === null || Number.isNaN(value)) continue;
      const count = state.get(value)!;
      if (count === 1) state.delete(value);
      else state.set(value, count - 1);
    }
    return state;
  },
  merge(earlier, later) {
    for (const [value, count] of later) earlier.set(value, (earlier.get(value) ?? 0) + count);
    if (earlier.size > KEPT_VALUES_MAX) throw tooManyValues();
    return earlier;
  },
};

export const DISTINCT: BoxedForm<Counts> = { boxed, result: (state) => state.size };
