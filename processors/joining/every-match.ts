import type { Batch } from '../../columnar/batch.js';
import { matchInterval } from '../../columnar/kernels/match-interval.js';
import { takeRows } from '../../columnar/kernels/take.js';
import type { JoinStep } from '../plan.js';
import type { EmitJoined, Matcher } from './matcher.js';
import type { RightBuffer } from './right-buffer.js';
import { takeRight, takeTimes } from './right-cells.js';

/** Rows of one batch that leaves: a left row may meet many right rows. */
const ROWS_MAX = 65_536;

/** The join by `interval`: each left row beside each right row of its span, in the order of the right rows. */
export class EveryMatch implements Matcher {
  private readonly fromUs: number;
  private readonly toUs: number;
  private first = new Int32Array(0);
  private end = new Int32Array(0);
  /** The pairs to leave next. */
  private lefts = new Int32Array(64);
  private rights = new Int32Array(64);

  constructor(private readonly step: JoinStep) {
    this.fromUs = step.between!.fromUs;
    this.toUs = step.between!.toUs;
  }

  join(left: Batch, right: RightBuffer, freshOnly: boolean, emit: EmitJoined): void {
    const { rows, timeUs } = left;
    if (this.first.length < rows) {
      this.first = new Int32Array(rows * 2);
      this.end = new Int32Array(rows * 2);
    }
    const { first, end } = this;
    const { head, tail, fresh } = right;
    matchInterval(timeUs, rows, right.timeUs, head, tail, this.fromUs, this.toUs, first, end);
    const keepsAll = this.step.keep === 'left' && !freshOnly;
    let pairs = 0;
    let full = true;
    for (let i = 0; i < rows; i++) {
      const isAlone = first[i]! >= end[i]!;
      if (isAlone && !keepsAll) continue;
      for (let r = isAlone ? -1 : first[i]!; r < (isAlone ? 0 : end[i]!); r++) {
        if (freshOnly && fresh![r] === 0) continue;
        if (pairs === this.lefts.length) this.grow();
        this.lefts[pairs] = i;
        this.rights[pairs++] = r;
        if (isAlone) full = false;
        if (pairs < ROWS_MAX) continue;
        this.leave(left, right, pairs, full, emit);
        pairs = 0;
        full = true;
      }
    }
    if (pairs > 0) this.leave(left, right, pairs, full, emit);
  }

  private leave(left: Batch, right: RightBuffer, pairs: number, full: boolean, emit: EmitJoined): void {
    const { rights } = this;
    const { fields } = right.schema!;
    const columns = right.columns.map((column, c) => takeRight(column, fields[c]!.type, rights, pairs, full));
    if (this.step.time !== undefined) columns.push(takeTimes(right, rights, pairs, full));
    emit(takeRows(left, this.lefts, pairs), columns);
  }

  private grow(): void {
    const [lefts, rights] = [this.lefts, this.rights];
    this.lefts = new Int32Array(lefts.length * 2);
    this.rights = new Int32Array(rights.length * 2);
    this.lefts.set(lefts);
    this.rights.set(rights);
  }
}
