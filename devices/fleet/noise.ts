/**
 * Noise by position: a pure function of key and index, so that any range of a signal can be computed alone and in any
 * order. The mixer is the finaliser of MurmurHash3 (Austin Appleby, public domain).
 */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ (b >>> 16) ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h ^ b, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

/** White noise in -1 .. 1: the sum of two uniform halves of one hash; its standard deviation is 0.41. */
export function white(key: number, index: number): number {
  const h = mix(key, index | 0);
  return ((h & 0xffff) + (h >>> 16)) / 65535 - 1;
}

/** Smooth noise in -1 .. 1: white noise at whole positions, joined by a curve with level ends. */
export function smooth(key: number, position: number): number {
  const floor = Math.floor(position);
  const f = position - floor;
  const a = white(key, floor);
  const b = white(key, floor + 1);
  return a + (b - a) * f * f * (3 - 2 * f);
}
