const FIRST_MS = 50;
const LAST_MS = 2000;

/** Pauses between attempts to connect: they double from 50 ms to 2 s. `giveUpMs` bounds their sum. */
export class ReconnectDelay {
  private nextMs = FIRST_MS;
  private sinceMs = -1;

  constructor(private readonly giveUpMs: number) {}

  /** The next pause in milliseconds, or null when it is time to give up. */
  next(): number | null {
    const now = performance.now();
    if (this.sinceMs < 0) this.sinceMs = now;
    if (now - this.sinceMs > this.giveUpMs) return null;
    const pause = this.nextMs;
    this.nextMs = Math.min(LAST_MS, pause * 2);
    return pause;
  }

  reset(): void {
    this.nextMs = FIRST_MS;
    this.sinceMs = -1;
  }
}
