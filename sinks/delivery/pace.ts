/** So many answers in a row that came in time allow a step more. */
const ANSWERS_A_STEP = 8;
const SHARE_MIN = 1 / 1024;

/**
 * How much of what its options allow a branch sends at a time. All, until the store does not answer in time: then one
 * request alone, and where that is too much as well, half of it, and so on; answers in time lead back step by step. So a
 * store that is too slow for all that would be under way, each time, still gets everything. It outlives the sink, which is
 * made anew after each fault.
 */
export class Pace {
  /** Of a request's rows and bytes. */
  private share = 1;
  private requests = Number.POSITIVE_INFINITY;
  private answers = 0;

  /** Requests under way at a time, where so many are allowed. */
  inFlight(max: number): number {
    return Math.min(max, this.requests);
  }

  /** Rows or bytes of a request, where so many are allowed. */
  size(max: number): number {
    return Math.max(1, Math.floor(max * this.share));
  }

  answered(): void {
    if (++this.answers < ANSWERS_A_STEP) return;
    this.answers = 0;
    if (this.share < 1) this.share *= 2;
    else this.requests++;
  }

  timedOut(): void {
    this.answers = 0;
    if (this.requests > 1) this.requests = 1;
    else this.share = Math.max(SHARE_MIN, this.share / 2);
  }
}
