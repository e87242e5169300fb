/** How many times faster than recorded: 1, 10 …, or Infinity for as fast as the gateway takes it. */
export type Speed = number;

const LONGEST_WAIT_MS = 1000;

/**
 * Turns recorded time into wall time: `until` resolves when a recorded moment has come. The start is the first moment
 * asked for, unless `startUs` is given. Aborting the signal ends every wait at once.
 */
export class Pacer {
  private startMs = -1;

  constructor(
    private readonly speed: Speed,
    private readonly signal: AbortSignal,
    private startUs = -1,
  ) {
    if (startUs >= 0) this.startMs = performance.now();
  }

  /** Nothing when the moment has come already. */
  until(timeUs: number): Promise<void> | undefined {
    if (this.speed === Number.POSITIVE_INFINITY || this.signal.aborted) return undefined;
    if (this.startMs < 0) {
      this.startMs = performance.now();
      this.startUs = timeUs;
    }
    return this.waitMs(timeUs) > 1 ? this.wait(timeUs) : undefined;
  }

  private waitMs(timeUs: number): number {
    return this.startMs + (timeUs - this.startUs) / 1000 / this.speed - performance.now();
  }

  private async wait(timeUs: number): Promise<void> {
    for (;;) {
      const left = this.waitMs(timeUs);
      if (left <= 0 || this.signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, LONGEST_WAIT_MS));
        this.signal.addEventListener('abort', done);
      });
    }
  }
}
