/** A pause between two records counts as at most this much, so that a standstill of the gateway expires nothing. */
export const RECEIVE_STEP_US_MAX = 1_000_000;

/** How far the clock is by the records of one writer: their last receive time, and the time that has passed by then. */
export type WriterClock = readonly [writer: string, lastUs: number, totalUs: number];

/**
 * The receive time that has passed in a partition: the sum of the steps from record to record of a writer, ticks
 * included, each at least 0 and at most a second. Several gateways, whose clocks differ, pass the same time side by side:
 * the furthest counts, and none falls behind it by more than a second. It stands in for a wall clock, and is the same
 * whenever the records are read again.
 */
export class ReceiveClock {
  totalUs = 0;
  lastUs = -1;
  private readonly writers = new Map<string, { lastUs: number; totalUs: number }>();

  advance(receivedUs: number, writer: string): void {
    const known = this.writers.get(writer);
    if (known) {
      const step = Math.min(Math.max(0, receivedUs - known.lastUs), RECEIVE_STEP_US_MAX);
      known.totalUs = Math.max(known.totalUs + step, this.totalUs - RECEIVE_STEP_US_MAX);
      known.lastUs = receivedUs;
      if (known.totalUs > this.totalUs) this.totalUs = known.totalUs;
    } else this.writers.set(writer, { lastUs: receivedUs, totalUs: this.totalUs });
    this.lastUs = receivedUs;
  }

  snapshot(): WriterClock[] {
    return [...this.writers].map(([writer, { lastUs, totalUs }]) => [writer, lastUs, totalUs]);
  }

  restore(totalUs: number, lastUs: number, writers: readonly WriterClock[]): void {
    this.totalUs = totalUs;
    this.lastUs = lastUs;
    for (const [writer, last, total] of writers) this.writers.set(writer, { lastUs: last, totalUs: total });
  }
}
