import type { Circuit } from './circuit.js';

/** What the car can do. Accelerations in m/s^2; `downforce` adds to the grip with the square of the speed, 1/m. */
export interface CarLimits {
  grip: number;
  downforce: number;
  braking: number;
  traction: number;
  /** Engine power a kilogram, W/kg. */
  power: number;
  topSpeed: number;
}

export const CAR: CarLimits = {
  grip: 12.5,
  downforce: 0.0016,
  braking: 15,
  traction: 8.5,
  power: 290,
  topSpeed: 84,
};

const SMOOTH_M = 12;

/**
 * The fastest lap the grip allows, by the usual quasi-steady method: the speed each corner allows, then a pass forward
 * limited by traction and power and a pass backward limited by braking, both on the friction circle; smoothed over a
 * few metres as no driver steps on a pedal in no time. Tables of one entry a metre of the circuit.
 */
export class SpeedProfile {
  readonly speed: Float64Array;
  /** Along the road, m/s^2. */
  readonly acceleration: Float64Array;
  readonly lapSeconds: number;
  /** Seconds since the line at each entry; one entry more for the lap's end. */
  readonly time: Float64Array;

  constructor(
    private readonly circuit: Circuit,
    private readonly car: CarLimits = CAR,
  ) {
    const n = circuit.steps;
    const step = circuit.stepM;
    const fastest = Float64Array.from(circuit.curvature, (k) => this.cornerSpeed(Math.abs(k)));
    for (let i = 1; i <= 2 * n; i++) this.limit(fastest, (i - 1) % n, i % n, true);
    for (let i = 2 * n; i >= 1; i--) this.limit(fastest, i % n, (i - 1) % n, false);
    this.speed = smoothed(smoothed(fastest, SMOOTH_M), SMOOTH_M);
    this.acceleration = new Float64Array(n);
    this.time = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) {
      const before = this.speed[(i + n - 1) % n]!;
      const after = this.speed[(i + 1) % n]!;
      this.acceleration[i] = (after * after - before * before) / (4 * step);
      this.time[i + 1] = this.time[i]! + (2 * step) / (this.speed[i]! + after);
    }
    this.lapSeconds = this.time[n]!;
  }

  private cornerSpeed(curvature: number): number {
    const { grip, downforce, topSpeed } = this.car;
    const left = curvature - downforce;
    return left <= 0 ? topSpeed : Math.min(topSpeed, Math.sqrt(grip / left));
  }

  /** Lowers the speed at `to` to what can be reached from `from` (or braked down from it, going backward). */
  private limit(speed: Float64Array, from: number, to: number, forward: boolean): void {
    const { grip, downforce, braking, traction, power, topSpeed } = this.car;
    const v = speed[from]!;
    const most = grip + downforce * v * v;
    const lateral = Math.min(1, (v * v * Math.abs(this.circuit.curvature[from]!)) / most);
    const left = Math.sqrt(1 - lateral * lateral);
    const drag = (power * (v * v)) / topSpeed ** 3;
    const along = forward ? Math.max(0, Math.min(traction * left, power / v) - drag) : braking * left + drag;
    speed[to] = Math.min(speed[to]!, Math.sqrt(v * v + 2 * along * this.circuit.stepM));
  }
}

function smoothed(values: Float64Array, half: number): Float64Array {
  const n = values.length;
  const out = new Float64Array(n);
  let sum = 0;
  for (let k = -half; k <= half; k++) sum += values[(k + n) % n]!;
  for (let i = 0; i < n; i++) {
    out[i] = sum / (2 * half + 1);
    sum += values[(i + half + 1) % n]! - values[(i - half + n) % n]!;
  }
  return out;
}
