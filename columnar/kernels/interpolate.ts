import { bitmapBytes } from '../batch.js';

/**
 * Linear interpolation between `values[before[i]]` and `values[after[i]]`; rows without a match (`before` -1) are left
 * at 0. Equal neighbours give themselves, so that two infinities do not make a NaN.
 */
export function interpolate(
  values: Float64Array,
  before: Int32Array,
  after: Int32Array,
  weight: Float64Array,
  rows: number,
  out: Float64Array | Float32Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = before[i]!;
    if (at < 0) continue;
    const a = values[at]!;
    const b = values[after[i]!]!;
    out[i] = a === b ? a : a + (b - a) * weight[i]!;
  }
}

/** Null where there is no match or where a neighbour is null; null bytes are one a row. Null when there is none. */
export function interpolateNulls(
  nullBytes: Uint8Array | null,
  before: Int32Array,
  after: Int32Array,
  rows: number,
): Uint8Array | null {
  let any = false;
  const out = new Uint8Array(bitmapBytes(rows));
  for (let i = 0; i < rows; i++) {
    const at = before[i]!;
    if (at >= 0 && (nullBytes === null || (nullBytes[at] === 0 && nullBytes[after[i]!] === 0))) continue;
    out[i >> 3]! |= 1 << (i & 7);
    any = true;
  }
  return any ? out : null;
}
