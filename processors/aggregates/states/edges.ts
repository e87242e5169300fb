import type { FlatForm, FlatState } from '../aggregate.js';

/** Slots: value, its time; both NaN while there is none. Of equal stamps the first keeps the one that came first. */
const first: FlatState = {
  slots: 2,
  init,
  add(state, at, args, timeUs, from, to) {
    const values = args[0]!;
    for (let i = from; i < to; i++) {
      if (Number.isNaN(values[i]!)) continue;
      const known = state[at + 1]!;
      if (timeUs[i]! < known || Number.isNaN(known)) {
        state[at] = values[i]!;
        state[at + 1] = timeUs[i]!;
      }
      return;
    }
  },
  merge(state, at, later, laterAt) {
    const known = state[at + 1]!;
    if (later[laterAt + 1]! < known || Number.isNaN(known)) copy(state, at, later, laterAt);
  },
};

/** As above; of equal stamps the last keeps the one that came last. */
const last: FlatState = {
  slots: 2,
  init,
  add(state, at, args, timeUs, from, to) {
    const values = args[0]!;
    for (let i = to - 1; i >= from; i--) {
      if (Number.isNaN(values[i]!)) continue;
      const known = state[at + 1]!;
      if (timeUs[i]! >= known || Number.isNaN(known)) {
        state[at] = values[i]!;
        state[at + 1] = timeUs[i]!;
      }
      return;
    }
  },
  merge(state, at, later, laterAt) {
    const known = state[at + 1]!;
    if (later[laterAt + 1]! >= known || Number.isNaN(known)) copy(state, at, later, laterAt);
  },
};

function init(state: Float64Array, at: number): void {
  state[at] = NaN;
  state[at + 1] = NaN;
}

function copy(state: Float64Array, at: number, later: Float64Array, laterAt: number): void {
  state[at] = later[laterAt]!;
  state[at + 1] = later[laterAt + 1]!;
}

function result(state: Float64Array, at: number, out: Float64Array, row: number): boolean {
  const value = state[at]!;
  out[row] = value;
  return !Number.isNaN(value);
}

export const FIRST: FlatForm = { state: first, result };
export const LAST: FlatForm = { state: last, result };
