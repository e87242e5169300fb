import { lowerBound, upperBound } from './bisect.js';

/**
 * As-of matches of left times with right times, both ascending: for each left row the index of its right row, or -1.
 * Right rows are `[from, to)`. One bisection for the first row, then two pointers. Each returns how many rows matched.
 */

/** The last right row at or before the left row, not further away than `toleranceUs`. */
export function matchBackward(
  left: Float64Array,
  rows: number,
  right: Float64Array,
  from: number,
  to: number,
  toleranceUs: number,
  match: Int32Array,
): number {
  if (rows === 0) return 0;
  let next = upperBound(right, left[0]!, from, to);
  let matched = 0;
  for (let i = 0; i < rows; i++) {
    const time = left[i]!;
    while (next < to && right[next]! <= time) next++;
    const hit = next > from && time - right[next - 1]! <= toleranceUs;
    match[i] = hit ? next - 1 : -1;
    if (hit) matched++;
  }
  return matched;
}

/** The first right row at or after the left row, the one that came first among equal stamps. */
export function matchForward(
  left: Float64Array,
  rows: number,
  right: Float64Array,
  from: number,
  to: number,
  toleranceUs: number,
  match: Int32Array,
): number {
  if (rows === 0) return 0;
  let next = lowerBound(right, left[0]!, from, to);
  let matched = 0;
  for (let i = 0; i < rows; i++) {
    const time = left[i]!;
    while (next < to && right[next]! < time) next++;
    const hit = next < to && right[next]! - time <= toleranceUs;
    match[i] = hit ? next : -1;
    if (hit) matched++;
  }
  return matched;
}

/** The closer of the last row at or before and the first row after; the earlier one when both are as close. */
export function matchNearest(
  left: Float64Array,
  rows: number,
  right: Float64Array,
  from: number,
  to: number,
  toleranceUs: number,
  match: Int32Array,
): number {
  if (rows === 0) return 0;
  let next = upperBound(right, left[0]!, from, to);
  let matched = 0;
  for (let i = 0; i < rows; i++) {
    const time = left[i]!;
    while (next < to && right[next]! <= time) next++;
    const before = next > from ? time - right[next - 1]! : Infinity;
    const after = next < to ? right[next]! - time : Infinity;
    const nearer = before <= after;
    // With no right row at all both are infinite, which no tolerance may let pass.
    const hit = next - (nearer ? 1 : 0) >= from && from < to && (nearer ? before : after) <= toleranceUs;
    match[i] = hit ? (nearer ? next - 1 : next) : -1;
    if (hit) matched++;
  }
  return matched;
}

/**
 * Both neighbours for an interpolation: `before` the last row at or before, `after` the first row after, `weight` in
 * (0, 1) how far the left row is between them. A right row at the very time stands for both, with weight 0. Both
 * neighbours must be within the tolerance, and not more than `maxGapUs` apart; `before` is -1 where there is no match.
 */
export function matchNeighbours(
  left: Float64Array,
  rows: number,
  right: Float64Array,
  from: number,
  to: number,
  toleranceUs: number,
  before: Int32Array,
  after: Int32Array,
  weight: Float64Array,
  maxGapUs = Infinity,
): number {
  if (rows === 0) return 0;
  let next = upperBound(right, left[0]!, from, to);
  let matched = 0;
  for (let i = 0; i < rows; i++) {
    const time = left[i]!;
    while (next < to && right[next]! <= time) next++;
    before[i] = -1;
    after[i] = -1;
    weight[i] = 0;
    if (next === from) continue;
    const back = time - right[next - 1]!;
    if (back === 0) {
      before[i] = next - 1;
      after[i] = next - 1;
      matched++;
      continue;
    }
    if (next === to) continue;
    const ahead = right[next]! - time;
    if (back > toleranceUs || ahead > toleranceUs || back + ahead > maxGapUs) continue;
    before[i] = next - 1;
    after[i] = next;
    weight[i] = back / (back + ahead);
    matched++;
  }
  return matched;
}
