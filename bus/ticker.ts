import { type Commit, type RecordMeta, type RecordValue, TELEMETRY_TOPIC } from './bus.js';

/** Ticks come this far apart while a partition has been idle for less than the brisk time, and `SLOW_TICK_US` after. */
export const TICK_US = 1_000_000;
export const SLOW_TICK_US = 60_000_000;
const BRISK_US_MIN = 60_000_000;

const EMPTY: RecordValue = { bytesMax: 0, write: (_target, at) => at };

/** Who the ticks come from: the gateway, which numbers them along with its own records of the partition. */
export interface TickOrigin {
  writer: string;
  nextSequence(partition: number): number;
}

/**
 * Lets time pass in partitions of the telemetry topic that get no data. Time that must move without data is itself
 * data: no reader looks at a clock, so windows close and joins stop waiting because a *tick* record comes.
 *
 * A tick is due in a partition that has had data and no record for 1 s; after a minute without data, or longer where
 * something waits for longer, for 60 s.
 *
 * The reader's rule: the receive time that has passed for an entity is the sum, over successive records of its
 * partition, of the difference of their `receivedUs`, held between 0 and `TICK_US`. A gateway that was down, or whose
 * clock was set, leaves a large or negative difference, which must not count as time in which data could have come.
 */
export class Ticker {
  /** By partition: when its last data came, and its last record. NaN = it has never had any. */
  private readonly dataUs: Float64Array;
  private readonly recordUs: Float64Array;
  private readonly briskUs: number;

  /** Partitions that hold records already count as idle from `nowUs` on. */
  constructor(
    bus: { readonly partitions: number; end(topic: string, partition: number): number },
    private readonly origin: TickOrigin,
    nowUs: number,
    /** The longest that anything waits for time to pass, microseconds. */
    longestWaitUs = 0,
  ) {
    this.briskUs = briskUs(longestWaitUs);
    this.dataUs = new Float64Array(bus.partitions);
    for (let p = 0; p < bus.partitions; p++) {
      this.dataUs[p] = bus.end(TELEMETRY_TOPIC, p) > 0 ? nowUs : Number.NaN;
    }
    this.recordUs = this.dataUs.slice();
  }

  /** A data record was appended to the partition. */
  saw(partition: number, receivedUs: number): void {
    this.dataUs[partition] = receivedUs;
    this.recordUs[partition] = receivedUs;
  }

  /** Appends the ticks that are due at `nowUs` to `commit`; returns how many. */
  tick(nowUs: number, commit: Commit): number {
    let ticks = 0;
    for (let p = 0; p < this.dataUs.length; p++) {
      const dataUs = this.dataUs[p]!;
      if (Number.isNaN(dataUs)) continue;
      if (nowUs < this.recordUs[p]!) {
        // The clock was set back: idleness counts anew from here.
        this.saw(p, nowUs);
        continue;
      }
      const everyUs = nowUs - dataUs <= this.briskUs ? TICK_US : SLOW_TICK_US;
      if (nowUs - this.recordUs[p]! < everyUs) continue;
      commit.append(TELEMETRY_TOPIC, p, this.meta(p, nowUs), EMPTY);
      this.recordUs[p] = nowUs;
      ticks++;
    }
    return ticks;
  }

  private meta(partition: number, nowUs: number): RecordMeta {
    return {
      kind: 'tick',
      key: '',
      stream: '',
      receivedUs: nowUs,
      writer: this.origin.writer,
      sequence: this.origin.nextSequence(partition),
      tags: '',
    };
  }
}

/** How long after the last data ticks come fast, where something waits for time to pass for so long at most. */
export function briskUs(longestWaitUs: number): number {
  return Math.max(BRISK_US_MIN, longestWaitUs + 2 * TICK_US);
}
