import { lowerBound, upperBound } from './bisect.js';

/**
 * For each left row the right rows of its span of time: those with a time in `[t + fromUs, t + toUs]` are
 * `[first[i], end[i])`, of the right rows `[from, to)`. Both times ascend. Two pointers after one bisection each.
 */
export function matchInterval(
  left: Float64Array,
  rows: number,
  right: Float64Array,
  from: number,
  to: number,
  fromUs: number,
  toUs: number,
  first: Int32Array,
  end: Int32Array,
): void {
  if (rows === 0) return;
  let low = lowerBound(right, left[0]! + fromUs, from, to);
  let high = upperBound(right, left[0]! + toUs, from, to);
  for (let i = 0; i < rows; i++) {
    const time = left[i]!;
    while (low < to && right[low]! < time + fromUs) low++;
    while (high < to && right[high]! <= time + toUs) high++;
    first[i] = low;
    end[i] = high;
  }
}
