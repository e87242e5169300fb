/**
 * Where aligned windows lie: `[k * stepUs, k * stepUs + sizeUs)` for whole `k`, counted from 1970; a step as long as the
 * size makes them tumble. Panes are the pieces between all starts and ends, so that a pane is in a window whole or not at
 * all, and a row is added once however many windows share it (J. Li et al., "No Pane, No Gain", 2005; two panes a step
 * as in S. Krishnamurthy et al., "On-the-fly Sharing for Streamed Aggregation", 2006). Times are whole microseconds.
 */
export class WindowGrid {
  /** Where in a step windows end. */
  private readonly restUs: number;

  constructor(
    readonly sizeUs: number,
    readonly stepUs: number,
  ) {
    this.restUs = sizeUs % stepUs;
  }

  paneStartUs(timeUs: number): number {
    const startUs = floorTo(timeUs, this.stepUs);
    return timeUs - startUs >= this.restUs ? startUs + this.restUs : startUs;
  }

  paneEndUs(paneStartUs: number): number {
    const startUs = floorTo(paneStartUs, this.stepUs);
    return paneStartUs - startUs < this.restUs ? startUs + this.restUs : startUs + this.stepUs;
  }

  /** The first end of a window after a time, which is also that of the first window with a row of that time. */
  firstEndUs(timeUs: number): number {
    return floorTo(timeUs - this.restUs, this.stepUs) + this.restUs + this.stepUs;
  }

  /** The end of the last window with a row of that time. */
  lastEndUs(timeUs: number): number {
    return floorTo(timeUs, this.stepUs) + this.sizeUs;
  }

  /** All windows with a row before this time have ended when the watermark is at `watermarkUs`. */
  lateBeforeUs(watermarkUs: number): number {
    return floorTo(watermarkUs - this.sizeUs, this.stepUs) + this.stepUs;
  }
}

/** Exact, as `%` is; a division would round. */
function floorTo(timeUs: number, stepUs: number): number {
  const over = timeUs % stepUs;
  return timeUs - (over < 0 ? over + stepUs : over);
}
