export interface Comparison {
  /** Of the rows that are due, how many are there, */
  stored: number;
  /** were refused, */
  refused: number;
  /** are neither, */
  lost: number;
  /** and are there once more, with the time of one that is due. */
  duplicated: number;
  /** Others, which are not on the bus any more. */
  older: number;
}

/** Compares rows by their times; all ascend, and times may repeat. */
export function compareTimes(due: Float64Array, found: Float64Array, refused: Float64Array): Comparison {
  const result = { stored: 0, refused: 0, lost: 0, duplicated: 0, older: 0 };
  let d = 0;
  let f = 0;
  let r = 0;
  while (d < due.length || f < found.length) {
    const time = Math.min(due[d] ?? Infinity, found[f] ?? Infinity);
    const [d0, f0] = [d, f];
    while (due[d] === time) d++;
    while (found[f] === time) f++;
    while (refused[r]! < time) r++;
    const r0 = r;
    while (refused[r] === time) r++;
    const [wanted, there] = [d - d0, f - f0];
    const missing = Math.max(0, wanted - there);
    const letters = Math.min(missing, r - r0);
    result.stored += Math.min(wanted, there);
    result.refused += letters;
    result.lost += missing - letters;
    if (wanted === 0) result.older += there;
    else result.duplicated += Math.max(0, there - wanted);
  }
  return result;
}
