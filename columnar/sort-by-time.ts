import type { Batch } from './batch.js';
import { takeRows } from './kernels/take.js';

/**
 * The order that sorts `timeUs[0 .. rows)` ascending, equal stamps in the order they came; null when it is ascending
 * already. A natural merge sort: nearly sorted times, which is what devices send, cost little more than one pass.
 */
export function timeOrder(timeUs: Float64Array, rows: number): Int32Array | null {
  const ends: number[] = [];
  for (let i = 1; i < rows; i++) if (timeUs[i]! < timeUs[i - 1]!) ends.push(i);
  if (ends.length === 0) return null;
  ends.push(rows);
  let from = new Int32Array(rows);
  let to = new Int32Array(rows);
  for (let i = 0; i < rows; i++) from[i] = i;
  let runs = ends;
  while (runs.length > 1) {
    const merged: number[] = [];
    let start = 0;
    for (let r = 0; r < runs.length; r += 2) {
      const middle = runs[r]!;
      const end = r + 1 < runs.length ? runs[r + 1]! : middle;
      mergeRuns(timeUs, from, to, start, middle, end);
      merged.push(end);
      start = end;
    }
    [from, to] = [to, from];
    runs = merged;
  }
  return from;
}

function mergeRuns(
  timeUs: Float64Array,
  from: Int32Array,
  to: Int32Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    if (left < middle && (right >= end || timeUs[from[left]!]! <= timeUs[from[right]!]!)) to[i] = from[left++]!;
    else to[i] = from[right++]!;
  }
}

/** The batch with its rows in time order; the same object when they are. The result shares no cell with the input. */
export function sortByTime(batch: Batch): Batch {
  const order = timeOrder(batch.timeUs, batch.rows);
  return order === null ? batch : takeRows(batch, order, batch.rows);
}
