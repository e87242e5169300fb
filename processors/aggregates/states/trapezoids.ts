import type { FlatForm, FlatState } from '../aggregate.js';
import { addTo, mergeSum, sumOf } from './compensated-sum.js';
import { notBefore } from './in-order.js';

/** Slots: time and value of the first point and of the last (NaN while there is none), area in value × µs, as a sum. */
const FIRST_US = 0;
const FIRST = 1;
const LAST_US = 2;
const LAST = 3;
const AREA = 4;

/** The area under straight lines from point to point. */
const state: FlatState = {
  slots: 6,
  init(state, at) {
    for (let s = 0; s < AREA; s++) state[at + s] = NaN;
    state[at + AREA] = 0;
    state[at + AREA + 1] = 0;
  },
  add(state, at, args, timeUs, from, to) {
    const values = args[0]!;
    let last = state[at + LAST]!;
    let lastUs = state[at + LAST_US]!;
    for (let i = notBefore(timeUs, lastUs, from, to); i < to; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const time = timeUs[i]!;
      if (Number.isNaN(lastUs)) {
        state[at + FIRST_US] = time;
        state[at + FIRST] = value;
      } else if (time > lastUs) addTo(state, at + AREA, ((last + value) / 2) * (time - lastUs));
      last = value;
      lastUs = time;
    }
    state[at + LAST_US] = lastUs;
    state[at + LAST] = last;
  },
  merge(state, at, later, laterAt) {
    const nextUs = later[laterAt + FIRST_US]!;
    if (Number.isNaN(nextUs)) return;
    const lastUs = state[at + LAST_US]!;
    if (Number.isNaN(lastUs)) {
      state[at + FIRST_US] = nextUs;
      state[at + FIRST] = later[laterAt + FIRST]!;
    } else if (nextUs > lastUs) {
      addTo(state, at + AREA, ((state[at + LAST]! + later[laterAt + FIRST]!) / 2) * (nextUs - lastUs));
    }
    mergeSum(state, at + AREA, later, laterAt + AREA);
    state[at + LAST_US] = later[laterAt + LAST_US]!;
    state[at + LAST] = later[laterAt + LAST]!;
  },
};

/** Value × seconds; 0 for one point. */
export const INTEGRAL: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = sumOf(state, at + AREA) / 1e6;
    return !Number.isNaN(state[at + LAST_US]!);
  },
};

/** The area over its span; without a span the last value. */
export const TIME_WEIGHTED_MEAN: FlatForm = {
  state,
  result(state, at, out, row) {
    const span = state[at + LAST_US]! - state[at + FIRST_US]!;
    out[row] = span > 0 ? sumOf(state, at + AREA) / span : state[at + LAST]!;
    return !Number.isNaN(state[at + LAST_US]!);
  },
};

/** Change per second from the first point to the last; null without a span. */
export const RATE: FlatForm = {
  state,
  result(state, at, out, row) {
    const span = state[at + LAST_US]! - state[at + FIRST_US]!;
    out[row] = (state[at + LAST]! - state[at + FIRST]!) / (span / 1e6);
    return span > 0;
  },
};
