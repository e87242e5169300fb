import type { Batch } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { Schema } from '../../columnar/schema.js';
import { Car } from './car.js';
import { Circuit } from './circuit.js';
import { FLEET_STREAMS, type FleetStream } from './fleet-streams.js';
import { LapClock } from './lap-clock.js';
import { still } from './motion.js';
import { mix } from './noise.js';
import { SpeedProfile } from './speed-profile.js';

export interface FleetOptions {
  cars: number;
  seed: number;
  /** The start of the drive, whole microseconds since 1970. */
  startUs: number;
  /** First part of the stream names: `car/1/imu`. */
  prefix?: string;
}

/**
 * A seeded fleet. Every reading is a function of seed, car, stream and time alone: the same range gives the same bytes,
 * however it is cut and in whatever order it is asked for. Cars count from 1.
 */
export class Fleet {
  readonly streams = FLEET_STREAMS;
  readonly lapSeconds: number;
  private readonly cars: Car[] = [];
  private readonly schemas = FLEET_STREAMS.map((stream) => new Schema(stream.fields));
  private readonly motion = still();
  private readonly cells = new Float64Array(16);

  constructor(readonly options: FleetOptions) {
    const circuit = new Circuit();
    const profile = new SpeedProfile(circuit);
    const clock = new LapClock(profile);
    this.lapSeconds = clock.lapSeconds;
    for (let n = 1; n <= options.cars; n++) {
      this.cars.push(new Car(n, mix(options.seed, n), circuit, profile, clock));
    }
  }

  /** The stream's full name, e.g. `car/1/imu`. */
  nameOf(car: number, stream: FleetStream): string {
    return `${this.options.prefix ?? 'car'}/${car}/${stream.name}`;
  }

  /** Rows of one stream of one car at times in [fromUs, toUs), or null when there is none. */
  batch(car: number, stream: FleetStream, fromUs: number, toUs: number): Batch | null {
    const { startUs } = this.options;
    const place = FLEET_STREAMS.indexOf(stream);
    const one = this.cars[car - 1];
    if (!one || place < 0) throw new RangeError(`the fleet has no stream "${stream.name}" of car ${car}`);
    const periodUs = 1e6 / stream.rateHz;
    const key = mix(one.key, 100 + place);
    // Sensors do not measure at the same instant; each is shifted by less than half its period.
    const shiftUs = mix(key, 7) % Math.floor(periodUs / 2);
    const first = Math.max(0, Math.ceil((fromUs - startUs - shiftUs) / periodUs));
    const rows = Math.ceil((toUs - startUs - shiftUs) / periodUs) - first;
    if (rows <= 0) return null;
    const schema = this.schemas[place]!;
    const timeUs = new Float64Array(rows);
    const values = schema.fields.map((f) => newCells(f.type, rows));
    const { motion, cells } = this;
    for (let r = 0; r < rows; r++) {
      const i = first + r;
      const sinceUs = i * periodUs + shiftUs;
      timeUs[r] = startUs + sinceUs;
      const seconds = sinceUs / 1e6;
      one.at(seconds, motion);
      stream.read(motion, key, i, seconds, cells);
      for (let c = 0; c < values.length; c++) values[c]![r] = cells[c]!;
    }
    const columns = values.map((array) => ({ values: array, nulls: null, dictionary: null }));
    return { stream: this.nameOf(car, stream), schema, rows, timeUs, columns };
  }
}
