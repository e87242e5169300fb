import type { Batch } from '../../columnar/batch.js';
import type { Precision } from './line-template.js';

/** Nanoseconds of a microsecond that rows of one stamp are spread over; 0 is left to rows with a stamp of their own. */
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
 *
 * - A record in which no two rows of a series have the same stamp: slot 0 in all its rows, the time as it is.
 * - Any other record (the device's clock is coarser than its rows): slot `1 + (offset * 617 + rank) mod 999` in all its
 *   rows, where `rank` counts the rows of the same series and stamp that stand before in the record. All its rows, since
 *   the neighbours of its first and last rows are in other records; the offset keeps records apart.
 *
 * That depends on the record and its offset alone, so a replay writes the same points; rounding down to microseconds
 * gives the event time. What it does not keep apart: two records that each have a stamp only once, and the same one (a
 * row that was sent twice is so stored once); more than 999 rows of one series, stamp and record; and records whose
 * slots meet, which takes many rows of one stamp or far offsets. With other precisions there is no room: rows of a
 * series in one unit of time become one point, in which of each field the last row's value stays.
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
    this.slots = null;
    this.meeting.length = 0;
    if (seriesOf === null && !hasEqual(timeUs, rows, UNIT_US[this.precision])) return;
    if (this.ranks.length < seriesCount) {
      this.ranks = new Int32Array(seriesCount);
      this.lastTimes = new Float64Array(seriesCount);
    }
    if (this.scratch.length < rows) this.scratch = new Uint16Array(rows);
    const { lastTimes, ranks, scratch } = this;
    const unit = UNIT_US[this.precision];
    const isSpread = this.precision === 'ns';
    const first = ((offset % SLOTS) * STEP) % SLOTS;
    lastTimes.fill(-1, 0, seriesCount);
    let isEqual = false;
    for (let row = 0; row < rows; row++) {
      const series = seriesOf === null ? 0 : seriesOf[row]!;
      const time = Math.floor(timeUs[row]! / unit);
      if (lastTimes[series] === time) {
        isEqual = true;
        if (++ranks[series]! >= SLOTS || !isSpread) this.meeting.push(row);
      } else {
        lastTimes[series] = time;
        ranks[series] = 0;
      }
      scratch[row] = 1 + ((first + ranks[series]!) % SLOTS);
    }
    if (isEqual && isSpread) this.slots = scratch;
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
