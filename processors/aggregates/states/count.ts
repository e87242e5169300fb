import type { FlatForm, FlatState } from '../aggregate.js';

const state: FlatState = {
  slots: 1,
  init(state, at) {
    state[at] = 0;
  },
  add(state, at, args, _timeUs, from, to) {
    if (args.length === 0) {
      state[at]! += to - from;
      return;
    }
    const values = args[0]!;
    let count = 0;
    for (let i = from; i < to; i++) if (!Number.isNaN(values[i]!)) count++;
    state[at]! += count;
  },
  merge(state, at, later, laterAt) {
    state[at]! += later[laterAt]!;
  },
};

/** Rows; with an argument those where it is not null. */
export const COUNT: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = state[at]!;
    return true;
  },
};
