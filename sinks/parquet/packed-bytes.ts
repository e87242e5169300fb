/** Bytes that grow by numbers of few bits, as the encodings of Parquet have them: least significant first. */
export class PackedBytes {
  private readonly out: Uint8Array;
  private at = 0;

  /** `bytes` is the most it will hold. */
  constructor(bytes: number) {
    this.out = new Uint8Array(bytes);
  }

  get bytes(): Uint8Array {
    return this.out.subarray(0, this.at);
  }

  byte(value: number): void {
    this.out[this.at++] = value;
  }

  /** LEB128 of up to 31 bits. */
  varInt(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.out[this.at++] = (rest & 0x7f) | 0x80;
    this.out[this.at++] = rest;
  }

  /** LEB128 of a whole number within ±2^53, its sign in the lowest bit. */
  zigZag(value: number): void {
    let rest = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n;
    for (; rest > 0x7fn; rest >>= 7n) this.out[this.at++] = Number(rest & 0x7fn) | 0x80;
    this.out[this.at++] = Number(rest);
  }

  /** Values of `width` bits (1 to 24) in whole groups of eight, the last of which zeros fill up. */
  pack(values: Uint16Array | Int32Array, from: number, to: number, width: number): void {
    const { out } = this;
    const end = this.at + ((to - from + 7) >> 3) * width;
    let { at } = this;
    let word = 0;
    let bits = 0;
    for (let i = from; i < to; i++) {
      word |= values[i]! << bits;
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
}
