/**
 * Interpolation of angles in degrees between `values[before[i]]` and `values[after[i]]` by the shortest way round; of two
 * angles exactly opposite, the way up. Rows without a match (`before` -1) are left at 0, results are in [0, 360), also
 * where both neighbours are one row. An infinite angle is no direction and gives NaN.
 */
export function interpolateAngle(
  values: Float64Array,
  before: Int32Array,
  after: Int32Array,
  weight: Float64Array,
  rows: number,
  out: Float64Array | Float32Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = before[i]!;
    if (at < 0) continue;
    const a = values[at]! % 360;
    let turn = (values[after[i]!]! % 360) - a;
    if (turn > 180) turn -= 360;
    else if (turn <= -180) turn += 360;
    const angle = (a + turn * weight[i]!) % 360;
    out[i] = angle < 0 ? angle + 360 : angle + 0;
    // An angle just below 0, or just below 360 as f32, may have been rounded to 360.
    if (out[i]! >= 360) out[i] = 0;
  }
}
