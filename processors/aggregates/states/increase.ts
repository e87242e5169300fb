import type { FlatForm, FlatState } from '../aggregate.js';
import { addTo, mergeSum, sumOf } from './compensated-sum.js';
import { notBefore } from './in-order.js';

/** Slots: first value, last value, time of the last (NaN while there is none), increase, as a sum. */
const FIRST = 0;
const LAST = 1;
const LAST_US = 2;
const TOTAL = 3;

const state: FlatState = {
  slots: 5,
  init(state, at) {
    for (let s = 0; s < TOTAL; s++) state[at + s] = NaN;
    state[at + TOTAL] = 0;
    state[at + TOTAL + 1] = 0;
  },
  add(state, at, args, timeUs, from, to) {
    const values = args[0]!;
    let last = state[at + LAST]!;
    let lastUs = state[at + LAST_US]!;
    for (let i = notBefore(timeUs, lastUs, from, to); i < to; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(lastUs)) state[at + FIRST] = value;
      else addTo(state, at + TOTAL, step(last, value));
      last = value;
      lastUs = timeUs[i]!;
    }
    state[at + LAST] = last;
    state[at + LAST_US] = lastUs;
  },
  merge(state, at, later, laterAt) {
    if (Number.isNaN(later[laterAt + LAST_US]!)) return;
    if (Number.isNaN(state[at + LAST_US]!)) state[at + FIRST] = later[laterAt + FIRST]!;
    else addTo(state, at + TOTAL, step(state[at + LAST]!, later[laterAt + FIRST]!));
    mergeSum(state, at + TOTAL, later, laterAt + TOTAL);
    state[at + LAST] = later[laterAt + LAST]!;
    state[at + LAST_US] = later[laterAt + LAST_US]!;
  },
};

/** A counter that goes down has begun anew from zero. Equal values are apart, since Infinity - Infinity is NaN. */
function step(last: number, value: number): number {
  return value > last ? value - last : value === last ? 0 : value;
}

/** How much a counter has counted, resets taken into account, as Prometheus does; 0 for one point. */
export const INCREASE: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = sumOf(state, at + TOTAL);
    return !Number.isNaN(state[at + LAST_US]!);
  },
};
