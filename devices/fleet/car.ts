import type { Circuit } from './circuit.js';
import type { LapClock } from './lap-clock.js';
import type { Motion } from './motion.js';
import { mix } from './noise.js';
import type { SpeedProfile } from './speed-profile.js';

/** One car on the circuit: the same lap as the others, at a pace of its own and from a place of its own. */
export class Car {
  /** Speed against the profile's: 0.96 .. 1.0. */
  readonly pace: number;
  private readonly headStartS: number;

  constructor(
    readonly number: number,
    readonly key: number,
    private readonly circuit: Circuit,
    private readonly profile: SpeedProfile,
    private readonly clock: LapClock,
  ) {
    this.pace = 0.96 + (0.04 * mix(key, 1)) / 0xffffffff;
    this.headStartS = ((mix(key, 2) / 0xffffffff) * clock.lapSeconds) / 2;
  }

  /** Its motion `seconds` after the start, into `out`. */
  at(seconds: number, out: Motion): void {
    const { lapSeconds } = this.clock;
    const onClock = seconds * this.pace + this.headStartS;
    const lap = Math.floor(onClock / lapSeconds);
    const place = this.clock.at(onClock - lap * lapSeconds);
    const n = this.circuit.steps;
    const i = Math.floor(place) % n;
    const j = (i + 1) % n;
    const f = place - Math.floor(place);
    const { east, north, heading, curvature } = this.circuit;
    const bend = curvature[i]! + (curvature[j]! - curvature[i]!) * f;
    const turned =
      j === 0 ? heading[0]! + Math.round((heading[i]! - heading[0]!) / (2 * Math.PI)) * 2 * Math.PI : heading[j]!;
    out.lap = lap;
    out.east = east[i]! + (east[j]! - east[i]!) * f;
    out.north = north[i]! + (north[j]! - north[i]!) * f;
    out.altitude = this.circuit.altitudeM(place * this.circuit.stepM);
    out.heading = heading[i]! + (turned - heading[i]!) * f;
    out.speed = this.pace * (this.profile.speed[i]! + (this.profile.speed[j]! - this.profile.speed[i]!) * f);
    out.along =
      this.pace *
      this.pace *
      (this.profile.acceleration[i]! + (this.profile.acceleration[j]! - this.profile.acceleration[i]!) * f);
    out.across = out.speed * out.speed * bend;
    out.yaw = out.speed * bend;
  }
}
