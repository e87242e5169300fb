const TWO_27_1 = 134217729;
const SCALE_MAX = 22;
/** Powers of ten that are exact doubles, and their halves of 26 bits. */
const P10 = Float64Array.from({ length: SCALE_MAX + 1 }, (_, k) => Number(`1e${k}`));
const P10_HIGH = P10.map((p) => TWO_27_1 * p - (TWO_27_1 * p - p));
const P10_LOW = P10.map((p, k) => p - P10_HIGH[k]!);

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
const EXPONENTS = 2047;
/** Of each exponent: half the distance from a double to the next. */
const HALF_ULP = Float64Array.from({ length: EXPONENTS }, (_, e) => 2 ** (e - 1076));
/** Of each exponent: decimals with which its doubles have 16 or 17 digits before the point; none where that is more than 22. */
const DECIMALS = Int8Array.from({ length: EXPONENTS }, (_, e) => {
  const k = 16 - Math.floor((e - 1023) * Math.LOG10E * Math.LN2);
  return k >= 1 && k <= SCALE_MAX ? k : -1;
});
/** How near a decision may come before it is left to others; what is computed is exact to far less. */
const DOUBT = 1e-6;

/**
 * The shortest decimal that reads back as a double, of those that need 16 or 17 digits: `high * 1e8 + low`, both whole,
 * with `decimals` digits behind the point. Of several the nearest, as JavaScript's own conversion.
 *
 * The double times a power of ten is computed as a sum of two doubles, without error (T. J. Dekker, A floating-point
 * technique for extending the available precision, 1971). Its nearest whole number of 17 digits always reads back; the
 * nearest of 16 digits does when it is nearer than half the distance to the next double.
 */
export class ShortestDigits {
  high = 0;
  low = 0;
  decimals = 0;

  /**
   * Of a double below 2^53 that is no whole number. False where it does not know: below about 1e-5, and where rounding is
   * near a tie.
   */
  find(a: number): boolean {
    double[0] = a;
    const exponent = words[1]! >>> 20;
    let k = DECIMALS[exponent]!;
    if (k < 0 || (words[0] === 0 && (words[1]! & 0xfffff) === 0)) return false;
    let product = a * P10[k]!;
    if (product >= 1e17) product = a * P10[--k]!;
    if (k < 1 || product < 1e16 || product >= 9.99e16) return false;
    const split = TWO_27_1 * a;
    const aHigh = split - (split - a);
    const aLow = a - aHigh;
    const pHigh = P10_HIGH[k]!;
    const pLow = P10_LOW[k]!;
    const rest = aHigh * pHigh - product + aHigh * pLow + aLow * pHigh + aLow * pLow;
    let high = Math.floor(product * 1e-8);
    let low = product - high * 1e8;
    if (low < 0) {
      low += 1e8;
      high--;
    }
    const units = (low | 0) % 10;
    let tens = low - units;
    let above = units + rest;
    if (above >= 10) {
      tens += 10;
      above -= 10;
    } else if (above < 0) {
      tens -= 10;
      above += 10;
    }
    const half = HALF_ULP[exponent]! * P10[k]!;
    const nearest = above < 5 ? above : 10 - above;
    if (nearest < half - DOUBT) {
      if (nearest > 5 - DOUBT) return false;
      low = above < 5 ? tens : tens + 10;
    } else {
      const whole = Math.round(above);
      if (nearest < half + DOUBT || Math.abs(above - whole) > 0.5 - DOUBT) return false;
      low = tens + whole;
    }
    if (low < 0) {
      low += 1e8;
      high--;
    } else if (low >= 1e8) {
      low -= 1e8;
      high++;
    }
    this.high = high;
    this.low = low;
    this.decimals = k;
    return true;
  }
}
