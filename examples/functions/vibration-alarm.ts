import { statefulFunction } from 'pitwall';

/** Standard deviation of the vertical acceleration, m/s^2. The second is lower, so that the alarm does not flutter. */
const ON = 0.48;
const OFF = 0.36;

/** A row when the alarm goes on, and one when it goes off, by the column `az_std` of a `rolling` step before. */
export default statefulFunction({
  reads: { az_std: 'f64' },
  columns: { alarm: 'bool', lasted_s: 'f64' },
  state: { alarm: { type: 'bool', initial: false }, sinceUs: 'f64' },
  row({ az_std, timeUs }, state) {
    if (az_std === null || (state.alarm ? az_std > OFF : az_std < ON)) return null;
    const lasted_s = state.alarm ? (timeUs - state.sinceUs!) / 1e6 : null;
    state.alarm = !state.alarm;
    state.sinceUs = timeUs;
    return { alarm: state.alarm, lasted_s };
  },
});
