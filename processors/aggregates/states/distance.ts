import type { FlatForm, FlatState } from '../aggregate.js';
import { addTo, mergeSum, sumOf } from './compensated-sum.js';
import { notBefore } from './in-order.js';

/** Mean radius of the earth in metres: IUGG, (2a + b) / 3 of WGS 84. */
const EARTH_RADIUS = 6371008.8;
const RADIANS = Math.PI / 180;

/** Slots: latitude and longitude of the first point and of the last, time of the last (NaN while there is none), way. */
const FIRST = 0;
const LAST = 2;
const LAST_US = 4;
const WAY = 5;

const state: FlatState = {
  slots: 7,
  init(state, at) {
    for (let s = 0; s < WAY; s++) state[at + s] = NaN;
    state[at + WAY] = 0;
    state[at + WAY + 1] = 0;
  },
  add(state, at, args, timeUs, from, to) {
    const [lats, lons] = args as [Float64Array, Float64Array];
    let lat = state[at + LAST]!;
    let lon = state[at + LAST + 1]!;
    let lastUs = state[at + LAST_US]!;
    for (let i = notBefore(timeUs, lastUs, from, to); i < to; i++) {
      const nextLat = lats[i]!;
      const nextLon = lons[i]!;
      if (Number.isNaN(nextLat) || Number.isNaN(nextLon)) continue;
      if (Number.isNaN(lastUs)) {
        state[at + FIRST] = nextLat;
        state[at + FIRST + 1] = nextLon;
      } else addTo(state, at + WAY, haversine(lat, lon, nextLat, nextLon));
      lat = nextLat;
      lon = nextLon;
      lastUs = timeUs[i]!;
    }
    state[at + LAST] = lat;
    state[at + LAST + 1] = lon;
    state[at + LAST_US] = lastUs;
  },
  merge(state, at, later, laterAt) {
    if (Number.isNaN(later[laterAt + LAST_US]!)) return;
    const lat = later[laterAt + FIRST]!;
    const lon = later[laterAt + FIRST + 1]!;
    if (Number.isNaN(state[at + LAST_US]!)) {
      state[at + FIRST] = lat;
      state[at + FIRST + 1] = lon;
    } else addTo(state, at + WAY, haversine(state[at + LAST]!, state[at + LAST + 1]!, lat, lon));
    mergeSum(state, at + WAY, later, laterAt + WAY);
    for (let s = LAST; s <= LAST_US; s++) state[at + s] = later[laterAt + s]!;
  },
};

/** Metres along a great circle; R. W. Sinnott, "Virtues of the Haversine", 1984. */
function haversine(latA: number, lonA: number, latB: number, lonB: number): number {
  const byLat = Math.sin(((latB - latA) * RADIANS) / 2);
  const byLon = Math.sin(((lonB - lonA) * RADIANS) / 2);
  const chord = byLat * byLat + Math.cos(latA * RADIANS) * Math.cos(latB * RADIANS) * byLon * byLon;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, chord)));
}

/** Metres from point to point; 0 for one point. */
export const DISTANCE: FlatForm = {
  state,
  result(state, at, out, row) {
    out[row] = sumOf(state, at + WAY);
    return !Number.isNaN(state[at + LAST_US]!);
  },
};
