import type { FlatForm, FlatState } from '../aggregate.js';
import { mergeSum, sumOf } from './compensated-sum.js';

/** Slots: sum, what rounding took from it, number of values. */
const state: FlatState = {
  slots: 3,
  init(state, at) {
    state[at] = 0;
    state[at + 1] = 0;
    state[at + 2] = 0;
  },
  add(state, at, args, _timeUs, from, to) {
    const values = args[0]!;
    let sum = state[at]!;
    let rest = state[at + 1]!;
    let count = 0;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const next = sum + value;
      const part = next - sum;
      rest += sum - (next - part) + (value - part);
      sum = next;
      count++;
    }
    state[at] = sum;
    state[at + 1] = rest;
    state[at + 2]! += count;
  },
  merge(state, at, later, laterAt) {
    mergeSum(state, at, later, laterAt);
    state[at + 2]! += later[laterAt + 2]!;
  },
};

export const SUM: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = sumOf(state, at);
    return state[at + 2] !== 0;
  },
};

export const MEAN: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = sumOf(state, at) / state[at + 2]!;
    return state[at + 2] !== 0;
  },
};
