import type { FlatForm, FlatState } from '../aggregate.js';

/** One slot, NaN while there is no value: a comparison with NaN is false, so NaN cells pass by and give way. */
const least: FlatState = {
  slots: 1,
  init(state, at) {
    state[at] = NaN;
  },
  add(state, at, args, _timeUs, from, to) {
    const values = args[0]!;
    let best = state[at]!;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value < best || Number.isNaN(best)) best = value;
    }
    state[at] = best;
  },
  merge(state, at, later, laterAt) {
    const value = later[laterAt]!;
    const best = state[at]!;
    if (value < best || Number.isNaN(best)) state[at] = value;
  },
};

const greatest: FlatState = {
  ...least,
  add(state, at, args, _timeUs, from, to) {
    const values = args[0]!;
    let best = state[at]!;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value > best || Number.isNaN(best)) best = value;
    }
    state[at] = best;
  },
  merge(state, at, later, laterAt) {
    const value = later[laterAt]!;
    const best = state[at]!;
    if (value > best || Number.isNaN(best)) state[at] = value;
  },
};

function result(state: Float64Array, at: number, out: Float64Array, row: number): boolean {
  const value = state[at]!;
  out[row] = value;
  return !Number.isNaN(value);
}

export const MIN: FlatForm = { state: least, result };
export const MAX: FlatForm = { state: greatest, result };
