/**
 * The most rows that one gap between two rows makes: 14 hours of 20 Hz. A longer one is a pause, or a clock that was
 * wrong, and not something to put a line across.
 */
export const GAP_ROWS_MAX = 1_000_000;
/** Rows are handed on in pieces of this many, so that a long gap needs no memory of its length. */
const PIECE_ROWS = 1 << 14;

/** Where a lane stands on the grid. */
export interface GridPlace {
  /** The next grid time to be given, at or after the latest row and less than one step behind it. */
  nextUs: number;
  /** Rows so far that are at most one step before it. */
  samples: number;
}

/**
 * Grid times with their neighbours among real rows: `before` the last row at or before, `after` the first one after,
 * `weight` in (0, 1) how far the grid time is between them; a row at the very time is both, with weight 0. Reused:
 * what is to stay is copied.
 */
export class GridRows {
  readonly timeUs = new Float64Array(PIECE_ROWS);
  readonly before = new Int32Array(PIECE_ROWS);
  readonly after = new Int32Array(PIECE_ROWS);
  readonly weight = new Float64Array(PIECE_ROWS);
  /** Real rows up to the grid time that are less than one step before it. */
  readonly samples = new Int32Array(PIECE_ROWS);
  /** 1 where no real row has the time. */
  readonly interpolated = new Uint8Array(PIECE_ROWS);
  rows = 0;

  constructor(
    private readonly everyUs: number,
    private readonly maxGapUs: number,
  ) {}

  /** The first grid time at or after a time. */
  firstFrom(timeUs: number): number {
    const past = timeUs % this.everyUs;
    return past > 0 ? timeUs - past + this.everyUs : timeUs - past;
  }

  /**
   * Gives all grid times before the last of the rows that have not been given, calling `full` whenever it holds as many
   * as it can. `times` ascend; the first is that of the row the place was reached with. Returns whether a gap was left
   * out for its length alone.
   */
  walk(times: Float64Array, rows: number, place: GridPlace, full: () => void): boolean {
    const { everyUs } = this;
    let { nextUs, samples } = place;
    let leftOut = false;
    for (let i = 1; i < rows; i++) {
      const timeUs = times[i]!;
      if (timeUs <= nextUs) {
        samples++;
        continue;
      }
      const beforeUs = times[i - 1]!;
      if (beforeUs === nextUs) {
        this.push(nextUs, i - 1, i - 1, 0, samples, full);
        samples = 0;
        nextUs += everyUs;
      }
      const past = (timeUs - nextUs) % everyUs;
      const inside = timeUs <= nextUs ? 0 : (timeUs - nextUs - past) / everyUs + (past > 0 ? 1 : 0);
      const endUs = nextUs + inside * everyUs;
      const spanUs = timeUs - beforeUs;
      if (inside > GAP_ROWS_MAX) leftOut = true;
      else if (spanUs <= this.maxGapUs) {
        for (; nextUs < endUs; nextUs += everyUs) {
          this.push(nextUs, i - 1, i, (nextUs - beforeUs) / spanUs, samples, full);
          samples = 0;
        }
      }
      nextUs = endUs;
      samples = 1;
    }
    place.nextUs = nextUs;
    place.samples = samples;
    return leftOut;
  }

  private push(timeUs: number, before: number, after: number, weight: number, samples: number, full: () => void): void {
    const at = this.rows;
    this.timeUs[at] = timeUs;
    this.before[at] = before;
    this.after[at] = after;
    this.weight[at] = weight;
    this.samples[at] = samples;
    this.interpolated[at] = before === after ? 0 : 1;
    this.rows = at + 1;
    if (this.rows < PIECE_ROWS) return;
    full();
    this.rows = 0;
  }
}
