/** Event times that are gathered, to be compared with others. */
export class GrowingTimes {
  private times = new Float64Array(64);
  rows = 0;

  add(piece: Float64Array): void {
    this.reserve(piece.length);
    this.times.set(piece, this.rows);
    this.rows += piece.length;
  }

  push(time: number): void {
    this.reserve(1);
    this.times[this.rows++] = time;
  }

  sorted(): Float64Array {
    return this.times.subarray(0, this.rows).sort();
  }

  private reserve(rows: number): void {
    const end = this.rows + rows;
    if (end <= this.times.length) return;
    const larger = new Float64Array(Math.max(end, this.times.length * 2));
    larger.set(this.times.subarray(0, this.rows));
    this.times = larger;
  }
}
