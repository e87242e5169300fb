/**
 * A sum in two slots, the sum and what rounding took from it, so that long sums do not drift: A. Neumaier,
 * "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974, with the branch-free two-sum of
 * D. Knuth, TAOCP 2, 4.2.2.
 */
export function addTo(state: Float64Array, at: number, value: number): void {
  const sum = state[at]!;
  const next = sum + value;
  const part = next - sum;
  state[at + 1]! += sum - (next - part) + (value - part);
  state[at] = next;
}

export function mergeSum(state: Float64Array, at: number, later: Float64Array, laterAt: number): void {
  addTo(state, at, later[laterAt]!);
  state[at + 1]! += later[laterAt + 1]!;
}

/** An infinite sum has no rounding to give back: what stands there is NaN then. */
export function sumOf(state: Float64Array, at: number): number {
  const sum = state[at]!;
  return sum - sum === 0 ? sum + state[at + 1]! : sum;
}
