/**
 * The pull on the driver (20 Hz) at the place where it was felt: each reading is given the position and speed that the GPS
 * would have shown at its very moment, and the mean of the speed over the last ten seconds.
 */
import { col, hypot, mean, stream } from 'pitwall';

const g = stream('car/{car}/g', { lat: 'f32', lon: 'f32' });
const gps = stream('car/{car}/gps', { lat: 'f64', lon: 'f64', speed: 'f32' });

export default g
  .withColumn('g', hypot(col('lat'), col('lon')))
  .joinAsOf(gps, { how: 'linear', tolerance: '2s', wait: '5s', prefix: 'gps_' })
  .withColumn('kmh', col('gps_speed').mul(3.6))
  .rolling('10s', { kmh_10s: mean('kmh') })
  .filter(col('kmh').gt(5))
  // A breakpoint here stops for each row, since pitwall.yaml says workers: 0.
  .map(({ g, kmh, kmh_10s }) => ({ hard: g !== null && g > 1.5, faster: (kmh ?? 0) > (kmh_10s ?? 0) }));
