import type { SpeedProfile } from './speed-profile.js';

const STEP_S = 0.02;

/** Where on the lap a car is at a time of the lap: the speed profile's times turned round, in even steps. */
export class LapClock {
  readonly lapSeconds: number;
  private readonly entry: Float64Array;
  private readonly stepS: number;

  constructor(profile: SpeedProfile) {
    const { time, lapSeconds } = profile;
    const steps = Math.ceil(lapSeconds / STEP_S);
    this.lapSeconds = lapSeconds;
    this.stepS = lapSeconds / steps;
    this.entry = new Float64Array(steps + 1);
    for (let i = 0, s = 0; i <= steps; i++) {
      const at = i * this.stepS;
      while (s < time.length - 2 && time[s + 1]! <= at) s++;
      this.entry[i] = s + (at - time[s]!) / (time[s + 1]! - time[s]!);
    }
  }

  /** The place in the circuit's tables, with its fraction, at `seconds` of 0 .. lapSeconds. */
  at(seconds: number): number {
    const x = seconds / this.stepS;
    const i = Math.min(Math.floor(x), this.entry.length - 2);
    return this.entry[i]! + (this.entry[i + 1]! - this.entry[i]!) * (x - i);
  }
}
