/** The first index in `[from, to)` whose time is not before `timeUs`; `to` when there is none. Times ascend. */
export function lowerBound(times: Float64Array, timeUs: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < timeUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first index in `[from, to)` whose time is after `timeUs`; `to` when there is none. Times ascend. */
export function upperBound(times: Float64Array, timeUs: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= timeUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
