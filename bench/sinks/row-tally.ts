import { PERIOD_US, START_US } from '../encoders/encoder-batches.js';
import type { StoredRows } from '../stored-rows.js';
import { STREAMS, streamOf } from './sink-records.js';

/** Counts what a store holds against what was written: by stream, and by span of time or row by row. */
export class RowTally {
  private readonly spans = new Map<string, Float64Array>();
  private readonly rowsOfSpan: number;
  private foreign = 0;

  /** `rows`: of each stream. `spanUs`: how finely it is counted; a row has 10 ms. */
  constructor(
    private readonly rows: number,
    private readonly spanUs: number = PERIOD_US,
  ) {
    this.rowsOfSpan = spanUs / PERIOD_US;
    const count = Math.ceil(rows / this.rowsOfSpan);
    for (let car = 0; car < STREAMS; car++) this.spans.set(streamOf(car), new Float64Array(count));
  }

  /** So many rows of a stream were found, the first of their span at that time. */
  add(stream: string, timeUs: number, rows = 1): void {
    const spans = this.spans.get(stream);
    const span = Math.floor((timeUs - START_US) / this.spanUs);
    if (spans !== undefined && span >= 0 && span < spans.length) spans[span]! += rows;
    else this.foreign += rows;
  }

  /** Rows that nobody has written count as duplicated. */
  result(): StoredRows {
    const result = { stored: this.foreign, lost: 0, duplicated: this.foreign };
    for (const spans of this.spans.values()) {
      spans.forEach((found, i) => {
        const expected = Math.min(this.rowsOfSpan, this.rows - i * this.rowsOfSpan);
        result.stored += found;
        result.lost += Math.max(0, expected - found);
        result.duplicated += Math.max(0, found - expected);
      });
    }
    return result;
  }
}
