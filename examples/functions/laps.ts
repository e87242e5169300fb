import { statefulFunction } from 'pitwall';

/** The line, from its left end to its right end as a car sees it; cars that cross it the other way do not count. */
const LINE = { left: { lat: -47.49982, lon: -121.5 }, right: { lat: -47.50018, lon: -121.5 } };
/** A fix further away from the last one than this is a new start, not a way across the line. */
const GAP_US = 2_000_000;

/**
 * A row for each time a car crosses the line, at the time between two fixes of its GPS when it was on it, with the time of
 * the lap that ends there.
 */
export default statefulFunction({
  reads: { lat: 'f64', lon: 'f64' },
  columns: { lap: 'i32', lap_time_s: 'f64' },
  state: { lat: 'f64', lon: 'f64', timeUs: 'f64', lap: { type: 'i32', initial: 0 }, lineUs: 'f64' },
  ownTimes: true,
  row({ lat, lon, timeUs }, state) {
    if (lat === null || lon === null || (state.timeUs !== null && timeUs <= state.timeUs)) return null;
    const { lat: lat0, lon: lon0, timeUs: us0 } = state;
    state.lat = lat;
    state.lon = lon;
    state.timeUs = timeUs;
    if (lat0 === null || lon0 === null || us0 === null || timeUs - us0 > GAP_US) return null;
    const part = crossing(lat0, lon0, lat, lon);
    if (part === null) return null;

    const lineUs = Math.round(us0 + part * (timeUs - us0));
    const lap_time_s = state.lineUs === null ? null : (lineUs - state.lineUs) / 1e6;
    state.lap! += 1;
    state.lineUs = lineUs;
    return { timeUs: lineUs, lap: state.lap, lap_time_s };
  },
});

/**
 * Which part of the way between two fixes lies before the line, 0 to 1; null when the way does not cross it forwards. Two
 * segments cross where the ends of each lie on either side of the other (degrees are no metres, but that changes no side).
 */
function crossing(lat0: number, lon0: number, lat1: number, lon1: number): number | null {
  const { left, right } = LINE;
  const before = side(left, right, lat0, lon0);
  const after = side(left, right, lat1, lon1);
  if (before >= 0 || after < 0) return null;
  const way = { lat: lat0, lon: lon0 };
  const end = { lat: lat1, lon: lon1 };
  if (side(way, end, left.lat, left.lon) * side(way, end, right.lat, right.lon) > 0) return null;
  return before / (before - after);
}

/** Twice the area between a directed line and a point: above 0 on its left, below on its right. */
function side(from: { lat: number; lon: number }, to: { lat: number; lon: number }, lat: number, lon: number): number {
  return (to.lon - from.lon) * (lat - from.lat) - (to.lat - from.lat) * (lon - from.lon);
}
