import type { FlatForm, FlatState } from '../aggregate.js';

/**
 * Slots: number of values, their mean, the sum of their squared distances from it. Row by row by B. P. Welford, "Note on
 * a Method for Calculating Corrected Sums of Squares and Products", 1962; two states together by Chan, Golub and LeVeque,
 * "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979.
 */
const state: FlatState = {
  slots: 3,
  init(state, at) {
    state[at] = 0;
    state[at + 1] = 0;
    state[at + 2] = 0;
  },
  add(state, at, args, _timeUs, from, to) {
    const values = args[0]!;
    let count = state[at]!;
    let mean = state[at + 1]!;
    let squares = state[at + 2]!;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      count++;
      const distance = value - mean;
      mean += distance / count;
      squares += distance * (value - mean);
    }
    state[at] = count;
    state[at + 1] = mean;
    state[at + 2] = squares;
  },
  merge(state, at, later, laterAt) {
    const ours = state[at]!;
    const theirs = later[laterAt]!;
    if (theirs === 0) return;
    if (ours === 0) {
      for (let s = 0; s < 3; s++) state[at + s] = later[laterAt + s]!;
      return;
    }
    const count = ours + theirs;
    const distance = later[laterAt + 1]! - state[at + 1]!;
    const share = theirs / count;
    state[at] = count;
    state[at + 1]! += distance * share;
    state[at + 2]! += later[laterAt + 2]! + distance * distance * ours * share;
  },
};

/** Of a sample: divided by one less than the number of values. */
export const VAR: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = state[at + 2]! / (state[at]! - 1);
    return state[at]! > 1;
  },
};

export const STD: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = Math.sqrt(state[at + 2]! / (state[at]! - 1));
    return state[at]! > 1;
  },
};
