/** Event times that are gathered, to be compared with others. */
export class GrowingTimes {
  private times = new Float64Array(64);
  rows = 0;

  add(piece: Float64Array, from = 0, to = piece.length): void {
    const end = this.rows + to - from;
    if (end > this.times.length) {
      const larger = new Float64Array(Math.max(end, this.times.length * 2));
      larger.set(this.times.subarray(0, this.rows));
      this.times = larger;
    }
    this.times.set(piece.subarray(from, to), this.rows);
    this.rows = end;
  }

  sorted(): Float64Array {
    return this.times.subarray(0, this.rows).sort();
  }
}

export interface Comparison {
  /** Of the rows that are due, how many are not there, */
  lost: number;
  /** are there, */
  stored: number;
  /** and are there once more, with the time of one that is due. */
  duplicated: number;
  /** Others, which are not on the bus any more. */
  older: number;
}

/** Compares rows by their times; both ascend, and times may repeat. */
export function compareTimes(due: Float64Array, found: Float64Array): Comparison {
  const result = { lost: 0, stored: 0, duplicated: 0, older: 0 };
  let d = 0;
  let f = 0;
  while (d < due.length || f < found.length) {
    const time = Math.min(due[d] ?? Infinity, found[f] ?? Infinity);
    const [d0, f0] = [d, f];
    while (due[d] === time) d++;
    while (found[f] === time) f++;
    const [wanted, there] = [d - d0, f - f0];
    result.stored += Math.min(wanted, there);
    result.lost += Math.max(0, wanted - there);
    if (wanted === 0) result.older += there;
    else result.duplicated += Math.max(0, there - wanted);
  }
  return result;
}
