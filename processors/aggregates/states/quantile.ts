import type { BoxedForm, BoxedState } from '../aggregate.js';
import { KEPT_VALUES_MAX, tooManyValues } from './kept-values.js';
import { SortedNumbers } from './sorted-numbers.js';

/** Adding 0 makes -0 to 0: the two are equal, so which of them is taken out would depend on how rows were grouped. */
const boxed: BoxedState<SortedNumbers> = {
  create: () => new SortedNumbers(),
  add(state, args, _timeUs, from, to) {
    const values = args[0] as Float64Array;
    for (let i = from; i < to; i++) if (!Number.isNaN(values[i]!)) state.add(values[i]! + 0);
    if (state.size > KEPT_VALUES_MAX) throw tooManyValues();
    return state;
  },
  remove(state, args, from, to) {
    const values = args[0] as Float64Array;
    for (let i = from; i < to; i++) if (!Number.isNaN(values[i]!)) state.remove(values[i]! + 0);
    return state;
  },
  merge(earlier, later) {
    if (earlier.size + later.size > KEPT_VALUES_MAX) throw tooManyValues();
    for (const value of later.toArray()) earlier.add(value);
    return earlier;
  },
  save: (state) => state.toArray(),
  restore: (saved) => SortedNumbers.of(saved as Float64Array),
};

/** Exact, on the straight line between the two nearest ranks: type 7 of Hyndman and Fan, as numpy and pandas do. */
function quantile(sorted: SortedNumbers, q: number): number | null {
  if (sorted.size === 0) return null;
  const place = (sorted.size - 1) * q;
  const rank = Math.floor(place);
  const low = sorted.at(rank);
  if (place === rank) return low;
  const high = sorted.at(rank + 1);
  // Equal neighbours give themselves, and beside an infinity no difference is taken, so that none makes a NaN.
  if (low === high) return low;
  const part = place - rank;
  return Number.isFinite(high - low) ? low + (high - low) * part : low * (1 - part) + high * part;
}

export const QUANTILE: BoxedForm<SortedNumbers> = {
  boxed,
  result: (state, constants) => quantile(state, constants[0]!),
};
export const MEDIAN: BoxedForm<SortedNumbers> = { boxed, result: (state) => quantile(state, 0.5) };
