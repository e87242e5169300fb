export interface RetryOptions {
  /** The longest wait before the second attempt; it doubles with each attempt that fails. */
  firstMs?: number;
  /** No wait is longer. */
  maxMs?: number;
  /** No wait is shorter, so that what fails at once is not tried in a loop. */
  minMs?: number;
  /** Failures in a row after which it is given up. */
  attemptsMax?: number;
}

/**
 * Exponential backoff with full jitter (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015): the
 * wait is evenly spread between the least and the bound, so that those that failed together do not come back
 * together. `random` gives 0 <= x < 1.
 */
export class Retry {
  private readonly firstMs: number;
  private readonly maxMs: number;
  private readonly minMs: number;
  private readonly attemptsMax: number;
  private failed = 0;

  constructor(
    options: RetryOptions = {},
    private readonly random: () => number = Math.random,
  ) {
    this.minMs = options.minMs ?? 20;
    this.maxMs = Math.max(this.minMs, options.maxMs ?? 30_000);
    this.firstMs = Math.min(this.maxMs, options.firstMs ?? 200);
    this.attemptsMax = options.attemptsMax ?? Number.POSITIVE_INFINITY;
  }

  /** Failures in a row. */
  get attempts(): number {
    return this.failed;
  }

  /** Counts a failure; returns how long to wait, or null when it is time to give up. */
  fail(): number | null {
    this.failed++;
    if (this.failed >= this.attemptsMax) return null;
    const boundMs = Math.min(this.maxMs, this.firstMs * 2 ** (this.failed - 1));
    return Math.round(this.minMs + this.random() * Math.max(0, boundMs - this.minMs));
  }

  succeed(): void {
    this.failed = 0;
  }
}
