import type { DeliveryOptions } from './delivery-options.js';

/** From the second failure in a row on each one makes the first request so much smaller, down to one row. */
const SHRINK = 4;
const FAILURES_MAX = 8;

/**
 * How much a store is sent at a time. What the options say, until it fails: the next attempt begins with one request alone,
 * the same as before, so that a receiver that keeps keys knows it again; where that fails too, with a smaller one. Answers
 * double it, then add one more beside it, until all is as it was. So a store that is too slow for all that was under way,
 * and would be each time, gets as much as it takes; and one that comes back is not met by everything at once.
 */
export class Pace {
  private share: number;
  private requests: number;
  private hasAnswers = false;

  constructor(
    private readonly limits: Pick<DeliveryOptions, 'batch' | 'inFlight'>,
    /** Attempts in a row that have failed. */
    private readonly failures: number,
  ) {
    this.share = SHRINK ** -Math.min(Math.max(0, failures - 1), FAILURES_MAX);
    this.requests = failures > 0 ? 1 : limits.inFlight;
  }

  /** Of a request. */
  get rows(): number {
    return Math.max(1, Math.floor(this.limits.batch.rows * this.share));
  }

  /** Of a request. */
  get bytes(): number {
    return Math.max(1, Math.floor(this.limits.batch.bytes * this.share));
  }

  /** Requests under way at a time. */
  get inFlight(): number {
    return this.requests;
  }

  /** Attempts in a row that have failed, if this one has. */
  get failuresWithThis(): number {
    return this.hasAnswers ? 1 : this.failures + 1;
  }

  answered(): void {
    this.hasAnswers = true;
    if (this.share < 1) this.share = Math.min(1, this.share * 2);
    else this.requests = Math.min(this.limits.inFlight, this.requests + 1);
  }
}
