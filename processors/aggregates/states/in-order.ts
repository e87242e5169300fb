import { lowerBound } from '../../../columnar/kernels/bisect.js';

/** Where rows begin that are not older than `lastUs`, which is NaN while there are none. Rows ascend in time. */
export function notBefore(timeUs: Float64Array, lastUs: number, from: number, to: number): number {
  if (from === to || !(timeUs[from]! < lastUs)) return from;
  return lowerBound(timeUs, lastUs, from, to);
}
