/**
 * 64-bit integers without a BigInt a cell: a BigInt64Array is read and written through the two 32-bit halves of its
 * buffer. Little-endian machines only, as is every machine Node runs on.
 */
const TWO_32 = 4294967296;
/** Up to here a BigInt a cell costs less: Node keeps such a small array on the heap, and would have to move it for its buffer. */
const FEW_CELLS = 8;

/** `target[i] = from[i]` for `count` cells; exact up to ±2^53, the nearest double beyond. */
export function int64ToFloat64(from: BigInt64Array, target: Float64Array, count: number, at = 0): void {
  if (count <= FEW_CELLS) {
    for (let i = 0; i < count; i++) target[at + i] = Number(from[i]!);
    return;
  }
  const words = new Int32Array(from.buffer, from.byteOffset, from.length * 2);
  for (let i = 0, w = 0; i < count; i++, w += 2) target[at + i] = words[w + 1]! * TWO_32 + (words[w]! >>> 0);
}

/** Writes whole numbers within ±2^53 as 64-bit integers. */
export function float64ToInt64(from: Float64Array, target: BigInt64Array, count: number, minus = 0): void {
  if (count <= FEW_CELLS) {
    for (let i = 0; i < count; i++) target[i] = wholeBigInt(from[i]! - minus);
    return;
  }
  const words = new Int32Array(target.buffer, target.byteOffset, target.length * 2);
  for (let i = 0, w = 0; i < count; i++, w += 2) {
    const value = from[i]! - minus;
    const high = Math.floor(value / TWO_32);
    words[w] = value - high * TWO_32;
    words[w + 1] = high;
  }
}

/** As the words take it: 0 for what is no number. */
function wholeBigInt(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.floor(value)) : 0n;
}
