/**
 * A closed cubic spline through points at `knots` (ascending, the last one is the period): twice continuously
 * differentiable, so the curvature of a road drawn with it has no jumps. Textbook second-derivative form.
 */
export class PeriodicSpline {
  private readonly second: Float64Array;

  /** `knots` has one entry more than `values`: the period's end, where the first value comes again. */
  constructor(
    private readonly knots: Float64Array,
    private readonly values: Float64Array,
  ) {
    const n = values.length;
    const matrix = Array.from({ length: n }, () => new Float64Array(n + 1));
    for (let i = 0; i < n; i++) {
      const previous = (i + n - 1) % n;
      const next = (i + 1) % n;
      const before = this.step(previous);
      const after = this.step(i);
      const row = matrix[i]!;
      row[previous]! += before / 6;
      row[i]! += (before + after) / 3;
      row[next]! += after / 6;
      row[n] = (values[next]! - values[i]!) / after - (values[i]! - values[previous]!) / before;
    }
    this.second = solve(matrix);
  }

  /** Value, first and second derivative at `u` of 0 .. period, into `out`. */
  at(u: number, out: Float64Array): void {
    const n = this.values.length;
    let i = 0;
    while (i < n - 1 && this.knots[i + 1]! <= u) i++;
    const j = (i + 1) % n;
    const h = this.step(i);
    const b = (u - this.knots[i]!) / h;
    const a = 1 - b;
    const mi = this.second[i]!;
    const mj = this.second[j]!;
    out[0] = a * this.values[i]! + b * this.values[j]! + (((a * a * a - a) * mi + (b * b * b - b) * mj) * h * h) / 6;
    out[1] = (this.values[j]! - this.values[i]!) / h + ((-(3 * a * a - 1) * mi + (3 * b * b - 1) * mj) * h) / 6;
    out[2] = a * mi + b * mj;
  }

  private step(i: number): number {
    return this.knots[i + 1]! - this.knots[i]!;
  }
}

/** Gaussian elimination with partial pivoting; each row carries its right side as its last entry. */
function solve(rows: Float64Array[]): Float64Array {
  const n = rows.length;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(rows[r]![c]!) > Math.abs(rows[best]![c]!)) best = r;
    [rows[c], rows[best]] = [rows[best]!, rows[c]!];
    for (let r = c + 1; r < n; r++) {
      const factor = rows[r]![c]! / rows[c]![c]!;
      if (factor === 0) continue;
      for (let k = c; k <= n; k++) rows[r]![k]! -= factor * rows[c]![k]!;
    }
  }
  const x = new Float64Array(n);
  for (let r = n - 1; r >= 0; r--) {
    let sum = rows[r]![n]!;
    for (let k = r + 1; k < n; k++) sum -= rows[r]![k]! * x[k]!;
    x[r] = sum / rows[r]![r]!;
  }
  return x;
}
