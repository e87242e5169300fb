const P10 = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const EXACT_MAX = 9007199254740991;
/** Decimals of 15 digits are all different doubles, so one that fits is the shortest. */
const UNIQUE_MAX = 1e15;
const ZERO = 48;
const MINUS = 45;

/**
 * Bytes of text, with numbers written straight into them. The caller makes room first: 32 bytes take any number.
 *
 * Decimals: `r / 10^k`, with r and 10^k exact, is correctly rounded, so when it equals the cell, the digits of r with
 * k decimals read back as the cell. The fewest such k are looked for, from the `k` the last cell of the column had;
 * what needs more than 15 digits is left to JavaScript's own conversion.
 */
export class TextBuffer {
  bytes: Buffer;
  at = 0;
  /** Decimals of the last number, where the search for the next starts. */
  decimals = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  copy(from: Uint8Array): void {
    const { bytes } = this;
    const length = from.length;
    let at = this.at;
    if (length > 48) {
      bytes.set(from, at);
      at += length;
    } else for (let i = 0; i < length; i++) bytes[at++] = from[i]!;
    this.at = at;
  }

  /** ASCII only. */
  ascii(text: string): void {
    const { bytes } = this;
    let at = this.at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.at = at;
  }

  /** A whole number within ±2^53. */
  integer(value: number): void {
    if (value < 0) {
      this.bytes[this.at++] = MINUS;
      value = -value;
    }
    if (value < 1e8) {
      this.digits(value, digitsOf(value));
      return;
    }
    const high = Math.floor(value / 1e8);
    this.digits(high, digitsOf(high));
    this.digits(value - high * 1e8, 8);
  }

  /** A finite double, in the fewest digits that read back as the same double. */
  float64(value: number): void {
    if (Math.floor(value) === value && value <= EXACT_MAX && value >= -EXACT_MAX) {
      if (value === 0 && 1 / value < 0) this.bytes[this.at++] = MINUS;
      this.integer(value);
      return;
    }
    const a = Math.abs(value);
    if (a > 1e-7 && a < 1e12) {
      let k = this.decimals || 1;
      if (a * P10[k]! > UNIQUE_MAX) k = 1;
      for (; k <= 17; k++) {
        const scaled = a * P10[k]!;
        if (scaled > UNIQUE_MAX) break;
        let r = Math.round(scaled);
        if (r / P10[k]! !== a) continue;
        for (let tens = r / 10; tens === Math.floor(tens); tens = r / 10) {
          r = tens;
          k--;
        }
        this.decimals = k;
        this.decimal(value < 0, a, r, k);
        return;
      }
      this.decimals = k > 2 ? k - 1 : 1;
    }
    this.ascii(String(value));
  }

  /** A finite float32, in the fewest digits that read back as the same float32. */
  float32(value: number): void {
    const a = Math.abs(value);
    if (a < 16777216) {
      if (Math.floor(a) === a) {
        if (value === 0 && 1 / value < 0) this.bytes[this.at++] = MINUS;
        this.integer(value);
        return;
      }
      if (a > 1e-4) {
        let k = this.decimals || 1;
        let r = Math.round(a * P10[k]!);
        while (Math.fround(r / P10[k]!) !== a) r = Math.round(a * P10[++k]!);
        while (k > 1) {
          const fewer = Math.round(a * P10[k - 1]!);
          if (Math.fround(fewer / P10[k - 1]!) !== a) break;
          r = fewer;
          k--;
        }
        this.decimals = k;
        this.decimal(value < 0, r / P10[k]!, r, k);
        return;
      }
    }
    for (let precision = 1; precision < 9; precision++) {
      const short = Number(value.toPrecision(precision));
      if (Math.fround(short) === value) {
        this.ascii(String(short));
        return;
      }
    }
    this.ascii(String(Number(value.toPrecision(9))));
  }

  /** `r / 10^k` in digits; `a` is its value as a double, which has the same whole part. */
  private decimal(negative: boolean, a: number, r: number, k: number): void {
    if (negative) this.bytes[this.at++] = MINUS;
    const whole = Math.floor(a);
    this.integer(whole);
    this.bytes[this.at++] = 46;
    let rest = r - whole * P10[k]!;
    if (k > 16) {
      const top = Math.floor(rest / 1e16);
      this.digits(top, k - 16);
      rest -= top * 1e16;
      k = 16;
    }
    if (k > 8) {
      const top = Math.floor(rest / 1e8);
      this.digits(top, k - 8);
      rest -= top * 1e8;
      k = 8;
    }
    this.digits(rest, k);
  }

  /** The last `count` digits (at most 8) of a whole number below 1e8, with leading zeros. */
  private digits(value: number, count: number): void {
    const { bytes } = this;
    let rest = value | 0;
    for (let i = this.at + count - 1; i >= this.at; i--) {
      const tens = (rest / 10) | 0;
      bytes[i] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.at += count;
  }
}

function digitsOf(value: number): number {
  if (value < 1e4) return value < 1e2 ? (value < 10 ? 1 : 2) : value < 1e3 ? 3 : 4;
  if (value < 1e6) return value < 1e5 ? 5 : 6;
  return value < 1e7 ? 7 : 8;
}
