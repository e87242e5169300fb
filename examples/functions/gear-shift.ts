import { statefulFunction } from 'pitwall';

/** A row for each change of gear: the gears, the revolutions before and after, and how long the old one was in. */
export default statefulFunction({
  reads: { gear: 'i32', rpm: 'f64' },
  columns: { from_gear: 'i32', to_gear: 'i32', rpm_before: 'f64', held_s: 'f64' },
  state: { gear: 'i32', rpm: 'f64', sinceUs: 'f64' },
  row({ gear, rpm, timeUs }, state) {
    if (gear === null) return null;
    const { gear: before, rpm: rpmBefore, sinceUs } = state;
    state.gear = gear;
    state.rpm = rpm;
    if (gear === before) return null;
    state.sinceUs = timeUs;
    if (before === null) return null;
    return { from_gear: before, to_gear: gear, rpm_before: rpmBefore, held_s: (timeUs - sinceUs!) / 1e6 };
  },
});
