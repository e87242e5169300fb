const BLOCK = 128;
const MINIBLOCK = 32;
const BITS_MAX = 24;

/**
 * Whole numbers within ±2^53 by their differences, which for rows at an even rate is next to nothing; null where
 * differences of a block are over 2^24 apart. Parquet format: "Delta Encoding (DELTA_BINARY_PACKED)".
 */
export function deltaPacked(values: Float64Array): Uint8Array | null {
  const { length } = values;
  const blocks = Math.ceil(Math.max(length - 1, 0) / BLOCK);
  const out = new DeltaWriter(40 + blocks * (14 + (BLOCK / 8) * BITS_MAX));
  out.varInt(BLOCK);
  out.varInt(BLOCK / MINIBLOCK);
  out.varInt(length);
  out.zigZag(length > 0 ? values[0]! : 0);
  const deltas = new Float64Array(BLOCK);
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
    out.block(deltas, count, least);
  }
  return out.bytes();
}

class DeltaWriter {
  private readonly out: Uint8Array;
  private at = 0;

  constructor(bytes: number) {
    this.out = new Uint8Array(bytes);
  }

  /** One block: its least difference, the widths of its miniblocks, and how far each difference is above. */
  block(deltas: Float64Array, count: number, least: number): void {
    this.zigZag(least);
    let widthAt = this.at;
    this.at += BLOCK / MINIBLOCK;
    for (let from = 0; from < BLOCK; from += MINIBLOCK, widthAt++) {
      const to = Math.min(from + MINIBLOCK, count);
      let all = 0;
      for (let i = from; i < to; i++) all |= deltas[i]! - least;
      const width = 32 - Math.clz32(all);
      this.out[widthAt] = width;
      if (width > 0) this.pack(deltas, from, to, least, width);
    }
  }

  /** A whole miniblock, with zeros behind its last value. */
  private pack(deltas: Float64Array, from: number, to: number, least: number, width: number): void {
    const { out } = this;
    const end = this.at + (MINIBLOCK / 8) * width;
    let { at } = this;
    let word = 0;
    let bits = 0;
    for (let i = from; i < to; i++) {
      word |= (deltas[i]! - least) << bits;
      bits += width;
      while (bits >= 8) {
        out[at++] = word;
        word >>>= 8;
        bits -= 8;
      }
    }
    if (bits > 0) out[at] = word;
    this.at = end;
  }

  varInt(value: number): void {
    this.bits(BigInt(value));
  }

  zigZag(value: number): void {
    this.bits(value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n);
  }

  bytes(): Uint8Array {
    return this.out.subarray(0, this.at);
  }

  private bits(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.out[this.at++] = Number(rest & 0x7fn) | 0x80;
    this.out[this.at++] = Number(rest);
  }
}
