import { type Field, field } from '../../columnar/schema.js';
import { gearAt, rpmAt } from './gearbox.js';
import type { Motion } from './motion.js';
import { smooth, white } from './noise.js';

/** One sensor of a car: how often it measures, its columns, and what it reads. */
export interface FleetStream {
  readonly name: string;
  readonly rateHz: number;
  readonly fields: readonly Field[];
  /** Writes the cells of one row to `out`, one a field. `key` names the sensor, `i` the measurement, `seconds` its time. */
  read(motion: Motion, key: number, i: number, seconds: number, out: Float64Array): void;
}

const STANDARD_GRAVITY = 9.80665;
const TRACK_WIDTH_M = 1.62;
const EARTH_RADIUS_M = 6_371_008.8;
/** In the middle of an ocean: no real road is near. */
const ORIGIN = { latitude: -47.5, longitude: -121.5, altitude: 35 };

/** Sensors read in steps, as real ones do; steps are powers of two, so that 32-bit floats and their decimals are exact. */
function stepped(value: number, step: number): number {
  return Math.round(value / step) * step;
}

/** Vertical shaking of the body, m/s^2: its own swing at 1.9 Hz and the road, both growing with speed. */
function shake(key: number, i: number, seconds: number, speed: number): number {
  return (0.25 * Math.sin(2 * Math.PI * 1.9 * seconds) + 0.9 * white(key, i)) * (speed / 60);
}

const imu: FleetStream = {
  name: 'imu',
  rateHz: 100,
  fields: ['ax', 'ay', 'az', 'gx', 'gy', 'gz'].map((name) => field(name, 'f32')),
  read(motion, key, i, seconds, out) {
    const bounce = shake(key, i, seconds, motion.speed);
    out[0] = stepped(motion.along + 0.25 * white(key + 1, i), 2 ** -8);
    out[1] = stepped(motion.across + 0.25 * white(key + 2, i), 2 ** -8);
    out[2] = stepped(bounce - STANDARD_GRAVITY, 2 ** -8);
    out[3] = stepped(0.02 * Math.sin(2 * Math.PI * 1.3 * seconds) + 0.01 * white(key + 3, i), 2 ** -12);
    out[4] = stepped(0.02 * Math.cos(2 * Math.PI * 1.9 * seconds) + 0.01 * white(key + 4, i), 2 ** -12);
    out[5] = stepped(motion.yaw + 0.008 * white(key + 5, i), 2 ** -12);
  },
};

/** Wheel speeds in m/s: outer wheels turn faster, the driven rear ones slip with the pull. */
const wheels: FleetStream = {
  name: 'wheels',
  rateHz: 50,
  fields: ['fl', 'fr', 'rl', 'rr'].map((name) => field(name, 'f32')),
  read(motion, key, i, _seconds, out) {
    const side = (motion.yaw * TRACK_WIDTH_M) / 2;
    const rear = motion.speed * (1 + 0.004 * motion.along);
    out[0] = stepped(motion.speed + side + 0.04 * white(key, i), 2 ** -7);
    out[1] = stepped(motion.speed - side + 0.04 * white(key + 1, i), 2 ** -7);
    out[2] = stepped(rear + side + 0.05 * white(key + 2, i), 2 ** -7);
    out[3] = stepped(rear - side + 0.05 * white(key + 3, i), 2 ** -7);
  },
};

/** What the driver feels, in g. */
const g: FleetStream = {
  name: 'g',
  rateHz: 20,
  fields: [field('lat', 'f32'), field('lon', 'f32')],
  read(motion, key, i, _seconds, out) {
    out[0] = stepped(motion.across / STANDARD_GRAVITY + 0.01 * white(key, i), 2 ** -10);
    out[1] = stepped(motion.along / STANDARD_GRAVITY + 0.01 * white(key + 1, i), 2 ** -10);
  },
};

const engine: FleetStream = {
  name: 'engine',
  rateHz: 20,
  fields: [
    field('rpm', 'f32'),
    field('gear', 'i32'),
    field('throttle', 'f32'),
    field('brake', 'f32'),
    field('lap', 'i32'),
  ],
  read(motion, key, i, _seconds, out) {
    const gear = gearAt(motion.speed);
    out[0] = stepped(rpmAt(motion.speed, gear) + 20 * white(key, i), 1);
    out[1] = gear;
    out[2] = stepped(Math.min(1, Math.max(0, 0.35 + motion.along / 8)), 2 ** -8);
    out[3] = stepped(Math.min(1, Math.max(0, -motion.along / 16)), 2 ** -8);
    out[4] = motion.lap + 1;
  },
};

/** Degrees, m/s, degrees clockwise from north, metres. Its error wanders by a metre and hardly jumps, as a receiver's does. */
const gps: FleetStream = {
  name: 'gps',
  rateHz: 10,
  fields: [
    field('lat', 'f64'),
    field('lon', 'f64'),
    field('speed', 'f32'),
    field('heading', 'f32'),
    field('altitude', 'f32'),
  ],
  read(motion, key, i, seconds, out) {
    const east = motion.east + smooth(key, seconds / 20) + 0.02 * white(key + 1, i);
    const north = motion.north + smooth(key + 2, seconds / 20) + 0.02 * white(key + 3, i);
    const degree = (Math.PI / 180) * EARTH_RADIUS_M;
    const shrink = Math.cos((ORIGIN.latitude * Math.PI) / 180);
    out[0] = Math.round((ORIGIN.latitude + north / degree) * 1e8) / 1e8;
    out[1] = Math.round((ORIGIN.longitude + east / (degree * shrink)) * 1e8) / 1e8;
    out[2] = stepped(motion.speed + 0.08 * white(key + 4, i), 2 ** -8);
    const heading = (motion.heading * 180) / Math.PI + 0.3 * white(key + 5, i);
    out[3] = stepped(heading - Math.floor(heading / 360) * 360, 2 ** -6) % 360;
    out[4] = stepped(ORIGIN.altitude + motion.altitude + smooth(key + 6, seconds / 30), 2 ** -4);
  },
};

/** Degrees Celsius. They rise from the pit's warmth in some minutes and then breathe with the lap. */
const temps: FleetStream = {
  name: 'temps',
  rateHz: 1,
  fields: ['oil', 'water', 'brakes', 'tyres'].map((name) => field(name, 'f32')),
  read(motion, key, i, seconds, out) {
    const warm = 1 - Math.exp(-Math.max(0, seconds) / 180);
    const breath = Math.sin((2 * Math.PI * seconds) / 45);
    out[0] = stepped(85 + 28 * warm + 1.5 * breath + 0.3 * white(key, i), 2 ** -4);
    out[1] = stepped(78 + 12 * warm + breath + 0.3 * white(key + 1, i), 2 ** -4);
    out[2] = stepped(280 + 150 * warm + 14 * Math.max(0, -motion.along) + 6 * white(key + 2, i), 2 ** -2);
    out[3] = stepped(68 + 22 * warm + 0.4 * Math.abs(motion.across) + 0.5 * white(key + 3, i), 2 ** -4);
  },
};

/** All sensors of a car. */
export const FLEET_STREAMS: readonly FleetStream[] = [imu, wheels, g, engine, gps, temps];
