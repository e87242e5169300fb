import { PackedBytes } from './packed-bytes.js';

const BLOCK = 128;
const MINIBLOCK = 32;
const BITS_MAX = 24;

/**
 * Whole numbers within ±2^53 by their differences, which for rows at an even rate is next to nothing; null where
 * differences of a block are 2^24 or more apart. Parquet format: "Delta Encoding (DELTA_BINARY_PACKED)". The bytes are those
 * of hyparquet-writer's `deltaBinaryPack`, which has a BigInt a value and takes ten times as long.
 */
export function deltaPacked(values: Float64Array): Uint8Array | null {
  const { length } = values;
  const blocks = Math.ceil(Math.max(length - 1, 0) / BLOCK);
  const out = new PackedBytes(40 + blocks * (14 + (BLOCK / 8) * BITS_MAX));
  out.varInt(BLOCK);
  out.varInt(BLOCK / MINIBLOCK);
  out.varInt(length);
  out.zigZag(length > 0 ? values[0]! : 0);
  const deltas = new Float64Array(BLOCK);
  /** How far each difference is above the least. */
  const above = new Int32Array(BLOCK);
  for (let from = 1; from < length; from += BLOCK) {
    const count = Math.min(BLOCK, length - from);
    let least = Number.POSITIVE_INFINITY;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const delta = values[from + i]! - values[from + i - 1]!;
      deltas[i] = delta;
      if (delta < least) least = delta;
      if (delta > greatest) greatest = delta;
    }
    if (greatest - least >= 2 ** BITS_MAX) return null;
    for (let i = 0; i < count; i++) above[i] = deltas[i]! - least;
    above.fill(0, count);
    out.zigZag(least);
    for (let at = 0; at < BLOCK; at += MINIBLOCK) out.byte(widthOf(above, at));
    for (let at = 0; at < BLOCK; at += MINIBLOCK) {
      const width = widthOf(above, at);
      if (width > 0) out.pack(above, at, at + MINIBLOCK, width);
    }
  }
  return out.bytes;
}

/** Bits that the values of a miniblock take. */
function widthOf(values: Int32Array, from: number): number {
  let all = 0;
  for (let i = from; i < from + MINIBLOCK; i++) all |= values[i]!;
  return 32 - Math.clz32(all);
}
