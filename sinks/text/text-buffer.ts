import { ShortestDigits } from './shortest-digits.js';

const P10 = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const EXACT_MAX = 9007199254740991;
/** Decimals of 15 digits are all different doubles, so one that fits is the shortest. */
const UNIQUE_MAX = 1e15;
const ZERO = 48;
const MINUS = 45;
const POINT = 46;
/** The digits of 00 to 99. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));
const shortest = new ShortestDigits();

/**
 * Bytes of text, with numbers written straight into them. The caller makes room first: 32 bytes take any number.
 *
 * Decimals: `r / 10^k`, with r and 10^k exact, is correctly rounded, so when it equals the cell, the digits of r with
 * k decimals read back as the cell. The fewest such k are looked for, from the `k` the last cell of the column had;
 * what needs more than 15 digits is left to `ShortestDigits`, and what that does not know to JavaScript's own conversion.
 */
export class TextBuffer {
  bytes: Buffer;
  at = 0;
  /** Decimals of the last number, where the search for the next starts. */
  decimals = 0;
  private view: DataView;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
    this.view = viewOf(this.bytes);
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.view = viewOf(larger);
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

  /** As `copy`, of bytes in words as `wordsOf` makes them. The caller makes room for whole words. */
  copyWords(words: Int32Array, length: number): void {
    const { view, at } = this;
    for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i]!, true);
    this.at = at + length;
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
    if (a > 1e-7 && a < 1e14) {
      let k = this.decimals || 1;
      let r = Math.round(a * P10[k]!);
      let isShort = r / P10[k]! === a && r <= UNIQUE_MAX;
      if (!isShort) {
        const most = mostDecimals(a);
        isShort = k !== most && Math.round(a * P10[most]!) / P10[most]! === a;
        if (isShort) {
          if (k > most) k = 0;
          do r = Math.round(a * P10[++k]!);
          while (r / P10[k]! !== a);
        }
      }
      if (isShort) {
        this.short(value < 0, r, k);
        return;
      }
    }
    if (a < EXACT_MAX && shortest.find(a)) {
      let { high, low, decimals } = shortest;
      if (low % 10 === 0 && decimals > 0) {
        decimals--;
        const tens = high % 10;
        high = (high - tens) / 10;
        low = low / 10 + tens * 1e7;
      }
      this.decimal(value < 0, high, low, decimals);
      return;
    }
    this.ascii(String(value));
  }

  /** `r / 10^k` without zeros at the end. */
  private short(isNegative: boolean, r: number, k: number): void {
    const most = k;
    if (r < 1e8) {
      let low = r | 0;
      for (let tens = (low / 10) | 0; tens * 10 === low; tens = (low / 10) | 0) {
        low = tens;
        k--;
      }
      this.decimal(isNegative, 0, low, k);
    } else {
      for (let tens = r / 10; tens === Math.floor(tens); tens = r / 10) {
        r = tens;
        k--;
      }
      const high = Math.floor(r / 1e8);
      this.decimal(isNegative, high, r - high * 1e8, k);
    }
    // One zero at the end does not tell that the next cell has fewer decimals.
    this.decimals = k < most - 1 ? k + 1 : most;
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
        const high = Math.floor(r / 1e8);
        this.decimal(value < 0, high, r - high * 1e8, k);
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

  /** `(high * 1e8 + low) / 10^k` in digits; high and low are whole, below 1e9 and 1e8. */
  private decimal(isNegative: boolean, high: number, low: number, k: number): void {
    const { bytes } = this;
    let start = this.at;
    if (isNegative) bytes[start++] = MINUS;
    let count = high > 0 ? digitsOf(high) + 8 : digitsOf(low);
    if (count <= k) count = k + 1;
    // All digits one to the right, then those before the point to their place.
    if (count > 8) {
      writeDigits(bytes, start + 1, high, count - 8);
      writeDigits(bytes, start + count - 7, low, 8);
    } else writeDigits(bytes, start + 1, low, count);
    const point = start + count - k;
    for (let i = start; i < point; i++) bytes[i] = bytes[i + 1]!;
    bytes[point] = POINT;
    this.at = start + count + 1;
  }

  private digits(value: number, count: number): void {
    writeDigits(this.bytes, this.at, value, count);
    this.at += count;
  }
}

/** Bytes in little-endian words, with zeros behind the last. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const padded = Buffer.alloc((bytes.length + 3) & ~3);
  padded.set(bytes);
  return Int32Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32LE(4 * i));
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** The last `count` digits of a whole number below 2^31, with leading zeros. */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  let rest = value | 0;
  let i = at + count;
  while (i > at + 1) {
    const hundreds = (rest / 100) | 0;
    const pair = (rest - hundreds * 100) << 1;
    bytes[--i] = PAIRS[pair + 1]!;
    bytes[--i] = PAIRS[pair]!;
    rest = hundreds;
  }
  if (i > at) bytes[at] = ZERO + (rest % 10);
}

function digitsOf(value: number): number {
  if (value < 1e4) return value < 1e2 ? (value < 10 ? 1 : 2) : value < 1e3 ? 3 : 4;
  if (value < 1e8) return value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e7 ? 7 : 8;
  return value < 1e9 ? 9 : 10;
}

/** The most decimals with which a double in 1e-7 .. 1e14 has no more than 15 digits. */
function mostDecimals(a: number): number {
  let k = a < 1 ? 15 : a < 1e3 ? 12 : a < 1e6 ? 9 : a < 1e9 ? 6 : 1;
  while (k < 22 && a * P10[k + 1]! <= UNIQUE_MAX) k++;
  return k;
}
