import { bitmapBytes } from '../batch.js';

/** `count` bits from bit `start` on as a bitmap of their own; null when none is set. Shares memory where it can. */
export function sliceBits(bits: Uint8Array, start: number, count: number): Uint8Array | null {
  const bytes = bitmapBytes(count);
  const first = start >> 3;
  const shift = start & 7;
  if (shift === 0 && (count & 7) === 0) {
    const part = bits.subarray(first, first + bytes);
    return anyBit(part) ? part : null;
  }
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) {
    out[i] = (bits[first + i]! >> shift) | ((bits[first + i + 1] ?? 0) << (8 - shift));
  }
  if ((count & 7) !== 0) out[bytes - 1]! &= (1 << (count & 7)) - 1;
  return anyBit(out) ? out : null;
}

/** ORs `count` bits of `from`, from its byte `fromByte` on, into `target` from bit `at` on. */
export function orBits(target: Uint8Array, at: number, from: Uint8Array, count: number, fromByte = 0): void {
  const shift = at & 7;
  let to = at >> 3;
  for (let left = count, i = fromByte; left > 0; left -= 8, i++, to++) {
    const byte = left < 8 ? from[i]! & ((1 << left) - 1) : from[i]!;
    target[to]! |= byte << shift;
    if (byte >> (8 - shift) !== 0) target[to + 1]! |= byte >> (8 - shift);
  }
}

/** A bitmap from one byte a row (not 0: set); null when none is set. */
export function bitsOfBytes(bytes: Uint8Array, start: number, count: number): Uint8Array | null {
  let any = 0;
  const out = new Uint8Array(bitmapBytes(count));
  for (let i = 0; i < count; i++) {
    if (bytes[start + i] !== 0) {
      out[i >> 3]! |= 1 << (i & 7);
      any = 1;
    }
  }
  return any ? out : null;
}

export function anyBit(bits: Uint8Array): boolean {
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) return true;
  return false;
}
