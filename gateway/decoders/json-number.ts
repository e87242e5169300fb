const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Digits that 32-bit arithmetic holds. */
const PART_DIGITS = 9;

/**
 * Reads the JSON number at `pos` into `target[at]`, exactly as JSON.parse would. Returns the position behind it, or -1
 * when there is none, or its form is not JSON's. The bytes must go on to something that is no part of a number.
 *
 * Digits make a whole number m and a power of ten: with m up to 2^53 and powers up to 10^22 both are exact doubles,
 * and one division or product rounds right (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990); all
 * others are read by Number.
 */
export function scanNumber(bytes: Buffer, from: number, target: Float64Array, at: number): number {
  let pos = from;
  if (bytes[pos] === 0x2d) pos++;
  const start = pos;
  let digit = bytes[pos]! - 0x30;
  if (digit >>> 0 > 9) return -1;
  let digits = digit;
  digit = bytes[++pos]! - 0x30;
  if (digits === 0) {
    if (digit >>> 0 <= 9) return -1;
  } else {
    while (digit >>> 0 <= 9) {
      digits = (Math.imul(digits, 10) + digit) | 0;
      digit = bytes[++pos]! - 0x30;
    }
  }
  let places = 0;
  if (digit === -2) {
    const point = pos;
    digit = bytes[++pos]! - 0x30;
    while (digit >>> 0 <= 9) {
      digits = (Math.imul(digits, 10) + digit) | 0;
      digit = bytes[++pos]! - 0x30;
    }
    places = pos - point - 1;
    if (places === 0) return -1;
  }
  if (pos - start > PART_DIGITS + (places === 0 ? 0 : 1) || (digit | 0x20) === 0x35)
    return scanLong(bytes, from, target, at);
  const value = places === 0 ? digits : digits / POWERS[places]!;
  target[at] = start === from ? value : -value;
  return pos;
}

function scanLong(bytes: Buffer, from: number, target: Float64Array, at: number): number {
  let pos = bytes[from] === 0x2d ? from + 1 : from;
  const negative = pos !== from;
  let high = 0;
  let low = 0;
  let count = 0;
  let point = -1;
  let c = bytes[pos]!;
  for (; (c >= 0x30 && c <= 0x39) || (c === 0x2e && point < 0); c = bytes[++pos]!) {
    if (c === 0x2e) point = pos;
    else if (count < PART_DIGITS) {
      high = (Math.imul(high, 10) + c - 0x30) | 0;
      if (high !== 0) count++;
    } else {
      low = (Math.imul(low, 10) + c - 0x30) | 0;
      count++;
    }
  }
  let power = point >= 0 ? point + 1 - pos : 0;
  if (c === 0x65 || c === 0x45) {
    c = bytes[++pos]!;
    const below = c === 0x2d;
    if (below || c === 0x2b) c = bytes[++pos]!;
    if (!(c >= 0x30 && c <= 0x39)) return -1;
    let exponent = 0;
    for (; c >= 0x30 && c <= 0x39; c = bytes[++pos]!) if (exponent < 100_000) exponent = exponent * 10 + (c - 0x30);
    power += below ? -exponent : exponent;
  }
  let value = Number.NaN;
  if (power >= -22 && power <= 22 && count <= 2 * PART_DIGITS) {
    const lowPower = POWERS[count <= PART_DIGITS ? 0 : count - PART_DIGITS]!;
    const digits = high * lowPower + low;
    if (digits <= Number.MAX_SAFE_INTEGER) value = power < 0 ? digits / POWERS[-power]! : digits * POWERS[power]!;
    else if (power <= 0) value = quotient(high, lowPower, low, POWERS[-power]!);
  }
  if (Number.isNaN(value)) target[at] = Number(bytes.toString('latin1', from, pos));
  else target[at] = negative ? -value : value;
  return pos;
}

/** 2^27 + 1: splits a double into halves whose products are exact (T. J. Dekker, 1971). */
const SPLITTER = 134217729;
/** Bounds the error of the quotient below, which is less than 2^-103 of it. */
const QUOTIENT_ERROR = 2 ** -100;

/**
 * `(a * b + c) / d` rounded once, or NaN where this arithmetic cannot tell which way. All are whole and exact,
 * a < 10^9, c < b <= 10^9, d <= 10^22. The dividend is held as a sum of two doubles; the quotient is its rounded part q
 * and a correction: where adding the correction plus or minus its possible error gives one double, that is the answer.
 */
function quotient(a: number, b: number, c: number, d: number): number {
  const product = a * b;
  const rest = productError(a, b, product) + c;
  const dividend = product + rest;
  const below = rest - (dividend - product);
  const q = dividend / d;
  const back = q * d;
  const correction = (dividend - back - productError(q, d, back) + below) / d;
  const error = q * QUOTIENT_ERROR;
  const value = q + (correction + error);
  return value === q + (correction - error) ? value : Number.NaN;
}

/** `a * b - product` exactly, where `product` is `a * b` rounded. */
function productError(a: number, b: number, product: number): number {
  const aSplit = SPLITTER * a;
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = SPLITTER * b;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
