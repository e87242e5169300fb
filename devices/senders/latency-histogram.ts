const BUCKETS_A_DOUBLING = 16;
const SMALLEST_MS = 0.01;

/**
 * Latencies in buckets that grow by 4.4 % (16 a doubling), from 10 us to over ten minutes: bounded memory, and
 * quantiles within half a bucket.
 */
export class LatencyHistogram {
  private readonly counts = new Float64Array(BUCKETS_A_DOUBLING * 27);
  private total = 0;
  private highest = 0;

  get count(): number {
    return this.total;
  }
  get maxMs(): number {
    return this.highest;
  }

  add(ms: number, times = 1): void {
    const place = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log2(ms / SMALLEST_MS) * BUCKETS_A_DOUBLING);
    this.counts[Math.min(place, this.counts.length - 1)]! += times;
    this.total += times;
    if (ms > this.highest) this.highest = ms;
  }

  merge(other: LatencyHistogram | number[]): void {
    const counts = Array.isArray(other) ? other : other.counts;
    for (let i = 0; i < this.counts.length; i++) {
      const n = counts[i] ?? 0;
      this.counts[i]! += n;
      this.total += n;
      if (Array.isArray(other) && n > 0)
        this.highest = Math.max(this.highest, SMALLEST_MS * 2 ** (i / BUCKETS_A_DOUBLING));
    }
    if (!Array.isArray(other)) this.highest = Math.max(this.highest, other.highest);
  }

  /** The latency in milliseconds that the share `q` (0..1) of all stays at or below; 0 when there is none. */
  quantileMs(q: number): number {
    if (this.total === 0) return 0;
    const rank = Math.max(1, Math.ceil(this.total * q));
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i]!;
      if (seen >= rank) return Math.min(this.highest, SMALLEST_MS * 2 ** (i / BUCKETS_A_DOUBLING));
    }
    return this.highest;
  }

  /** Its buckets, for another process to `merge`. */
  toJSON(): number[] {
    return Array.from(this.counts);
  }
}
