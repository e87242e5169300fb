import { statefulFunction } from 'pitwall';

const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** How far the car has come, metres along the fixes of its GPS; from 0 again after ten minutes without one. */
export default statefulFunction({
  reads: { lat: 'f64', lon: 'f64' },
  columns: { distance_m: 'f64' },
  state: { lat: 'f64', lon: 'f64', timeUs: 'f64', distance: { type: 'f64', initial: 0 } },
  expire: '10m',
  row({ lat, lon, timeUs }, state) {
    if (lat === null || lon === null) return { distance_m: state.distance };
    // A fix that comes late lies on the way that was counted already.
    if (state.timeUs !== null && timeUs < state.timeUs) return { distance_m: null };
    if (state.lat !== null) state.distance! += greatCircleM(state.lat, state.lon!, lat, lon);
    state.lat = lat;
    state.lon = lon;
    state.timeUs = timeUs;
    return { distance_m: state.distance };
  },
});

/** Along the surface of a sphere, by the haversine formula, which is exact for small distances too. */
function greatCircleM(lat0: number, lon0: number, lat1: number, lon1: number): number {
  const north = Math.sin(((lat1 - lat0) * RADIANS) / 2);
  const east = Math.sin(((lon1 - lon0) * RADIANS) / 2);
  const h = north ** 2 + Math.cos(lat0 * RADIANS) * Math.cos(lat1 * RADIANS) * east ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h)));
}
