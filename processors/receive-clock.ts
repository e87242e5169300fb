/** A pause between two records counts as at most this much, so that a standstill of the gateway expires nothing. */
export const RECEIVE_STEP_US_MAX = 1_000_000;

/**
 * The receive time that has passed in a partition: the sum of the steps from record to record, ticks included, each at
 * least 0 and at most a second. It stands in for a wall clock, and is the same whenever the records are read again.
 */
export class ReceiveClock {
  totalUs = 0;
  lastUs = -1;

  advance(receivedUs: number): void {
    if (this.lastUs >= 0) this.totalUs += Math.min(Math.max(0, receivedUs - this.lastUs), RECEIVE_STEP_US_MAX);
    this.lastUs = receivedUs;
  }
}
