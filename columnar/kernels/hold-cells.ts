/**
 * The last cell of a column that is not null at or before each match: `cells[i]` is the greatest index in
 * `[from, match[i]]` whose null byte is 0 and whose time is within `toleranceUs` of the left row, or -1; -1 too where
 * `match[i]` is. The matches that are not -1 ascend, so that each null byte is looked at about once.
 */
export function holdCells(
  nullBytes: Uint8Array,
  match: Int32Array,
  rows: number,
  left: Float64Array,
  right: Float64Array,
  from: number,
  toleranceUs: number,
  cells: Int32Array,
): void {
  let seen = -1;
  let last = -1;
  for (let i = 0; i < rows; i++) {
    const at = match[i]!;
    cells[i] = -1;
    if (at < 0) continue;
    if (seen < 0) {
      last = at;
      while (last >= from && nullBytes[last] !== 0) last--;
    } else {
      for (let r = seen + 1; r <= at; r++) if (nullBytes[r] === 0) last = r;
    }
    seen = at;
    if (last >= from && left[i]! - right[last]! <= toleranceUs) cells[i] = last;
  }
}
