import type { Batch } from '../../columnar/batch.js';
import type { Precision } from './line-template.js';

/** Of the nanoseconds of a microsecond; 0 is left to whoever writes beside the sink. */
const SLOTS = 999;
/**
 * Coprime with `SLOTS` and near its golden section, so that records with offsets near each other start far apart: at
 * less than 13 offsets at least 59 slots.
 */
const STEP = 617;
/** Of event time in the time of a point, which with `ns` is more than that. */
export const UNIT_US: Record<Precision, number> = { ns: 1, us: 1, ms: 1000, s: 1e6 };

/**
 * Times of points, so that rows of one series with equal stamps do not overwrite one another. Event times are whole
 * microseconds; with precision `ns` the three digits behind them are free, and hold a slot:
 * `1 + (offset * 617 + rank) mod 999`, where `rank` counts the rows of the same series and stamp that stand before in the
 * record. The offset keeps records apart.
 *
 * That depends on the record and its offset alone, so a replay writes the same points; rounding down to microseconds
 * gives the event time. What it does not keep apart: rows of one series and stamp that are more than 999 in a record, or
 * so many, or so far from each other on the bus, that their slots meet (999 records of one row can stand between two of
 * them). With other precisions there is no room: rows of a series in one unit of time become one point, in which of each
 * field the last row's value stays.
 */
export class PointTimes {
  /** Slot of each row; null: 0 everywhere. */
  slots: Uint16Array | null = null;
  /** Rows of the record with the series and written time of an earlier one. */
  private readonly meeting: number[] = [];
  private lastTimes = new Float64Array(1);
  private ranks = new Int32Array(1);
  private scratch = new Uint16Array(0);

  constructor(private readonly precision: Precision) {}

  /** Looks at all of a record: its stamps, microseconds, ascending, 1970 or later; `seriesOf` null: one series. */
  load(batch: Batch, offset: number, seriesOf: Int32Array | null, seriesCount: number): void {
    const { rows, timeUs } = batch;
    const unit = UNIT_US[this.precision];
    const first = ((offset % SLOTS) * STEP) % SLOTS;
    this.meeting.length = 0;
    if (this.precision === 'ns') {
      if (this.scratch.length < rows) this.scratch = new Uint16Array(rows);
      this.slots = this.scratch.fill(1 + first, 0, rows);
    }
    if (seriesOf === null && !hasEqual(timeUs, rows, unit)) return;
    if (this.ranks.length < seriesCount) {
      this.ranks = new Int32Array(seriesCount);
      this.lastTimes = new Float64Array(seriesCount);
    }
    const { lastTimes, ranks, slots } = this;
    lastTimes.fill(-1, 0, seriesCount);
    for (let row = 0; row < rows; row++) {
      const series = seriesOf === null ? 0 : seriesOf[row]!;
      const time = Math.floor(timeUs[row]! / unit);
      if (lastTimes[series] !== time) {
        lastTimes[series] = time;
        ranks[series] = 0;
        continue;
      }
      const rank = ++ranks[series]!;
      if (rank >= SLOTS || slots === null) this.meeting.push(row);
      if (slots !== null) slots[row] = 1 + ((first + rank) % SLOTS);
    }
  }

  /** How many of the rows write over an earlier row of the record. */
  overwritingIn(from: number, to: number): number {
    let count = 0;
    for (const row of this.meeting) if (row >= from && row < to) count++;
    return count;
  }
}

function hasEqual(timeUs: Float64Array, rows: number, unit: number): boolean {
  if (unit === 1) {
    for (let row = 1; row < rows; row++) if (timeUs[row] === timeUs[row - 1]) return true;
    return false;
  }
  for (let row = 1, last = Math.floor(timeUs[0]! / unit); row < rows; row++) {
    const time = Math.floor(timeUs[row]! / unit);
    if (time === last) return true;
    last = time;
  }
  return false;
}
