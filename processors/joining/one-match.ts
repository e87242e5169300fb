import type { Batch, Column } from '../../columnar/batch.js';
import { matchBackward, matchForward, matchNearest, matchNeighbours } from '../../columnar/kernels/as-of.js';
import { holdCells } from '../../columnar/kernels/hold-cells.js';
import { interpolate, interpolateNulls } from '../../columnar/kernels/interpolate.js';
import { interpolateAngle } from '../../columnar/kernels/interpolate-angle.js';
import { takeRows } from '../../columnar/kernels/take.js';
import type { Field } from '../../columnar/schema.js';
import type { JoinStep } from '../plan.js';
import { wayOf, waysOf } from './join-options.js';
import type { EmitJoined, Matcher } from './matcher.js';
import type { RightBuffer, RightColumn } from './right-buffer.js';
import { takeRight, takeTimes } from './right-cells.js';

/** For each left row an index into the right rows, -1 where there is none. Arrays are longer than needed and reused. */
interface Matches {
  /** The right row, or the neighbour at or before. */
  before: Int32Array;
  /** The neighbour after, and how far the left row is on the way to it. */
  after: Int32Array;
  weight: Float64Array;
  /** The last right row at or before, for columns that hold. */
  held: Int32Array;
  /** The last cell that is not null, of the column being taken. */
  cells: Int32Array;
}

/** Joins in which a left row gives one row: every way but `interval`. */
export class OneMatch implements Matcher {
  private readonly blends: boolean;
  private readonly steps: boolean;
  private readonly toleranceUs: number;
  private matches = newMatches(0);

  constructor(private readonly step: JoinStep) {
    const { blends, steps } = waysOf(step);
    this.blends = blends;
    this.steps = steps;
    this.toleranceUs = step.toleranceUs ?? Infinity;
  }

  join(left: Batch, right: RightBuffer, freshOnly: boolean, emit: EmitJoined): void {
    const matched = this.match(left, right);
    let kept = left;
    if (freshOnly) kept = this.compress(left, this.freshRows(left, right));
    else if (this.step.keep === 'inner' && matched < left.rows) kept = this.compress(left, this.matchedRows(left.rows));
    if (kept.rows === 0) return;
    const full = kept !== left || matched === left.rows;
    const columns = right.columns.map((column, c) => this.take(column, right.schema!.fields[c]!, kept, right, full));
    if (this.step.time !== undefined) columns.push(takeTimes(right, this.matches.before, kept.rows, full));
    emit(kept, columns);
  }

  /** Gives how many rows have a match. */
  private match(left: Batch, right: RightBuffer): number {
    const { rows, timeUs } = left;
    if (this.matches.before.length < rows) this.matches = newMatches(rows * 2);
    const { before, after, weight, held } = this.matches;
    const { head, tail } = right;
    const { toleranceUs, step } = this;
    let matched = 0;
    if (this.blends) {
      const gapUs = step.maxGapUs ?? Infinity;
      matched = matchNeighbours(timeUs, rows, right.timeUs, head, tail, toleranceUs, before, after, weight, gapUs);
    }
    // Whoever has neighbours has a row to hold: `held` alone says who has a match then.
    if (this.steps) return matchBackward(timeUs, rows, right.timeUs, head, tail, toleranceUs, held);
    if (this.blends) return matched;
    const kernel = step.how === 'nearest' ? matchNearest : step.how === 'forward' ? matchForward : matchBackward;
    return kernel(timeUs, rows, right.timeUs, head, tail, toleranceUs, before);
  }

  private matchedRows(rows: number): Int32Array {
    const match = this.steps ? this.matches.held : this.matches.before;
    const indices = new Int32Array(rows);
    let kept = 0;
    for (let i = 0; i < rows; i++) if (match[i]! >= 0) indices[kept++] = i;
    return indices.subarray(0, kept);
  }

  /** The rows some cell of which comes from a fresh right row. */
  private freshRows(left: Batch, right: RightBuffer): Int32Array {
    const { before, after, held, cells } = this.matches;
    const { rows } = left;
    const some = new Uint8Array(rows);
    const mark = (indices: Int32Array) => markFresh(indices, rows, right.fresh!, some);
    if (this.steps) mark(held);
    if (this.blends || !this.steps) mark(before);
    if (this.blends) mark(after);
    right.columns.forEach((column, c) => {
      if (wayOf(this.step, right.schema!.fields[c]!) !== 'step' || !column.nullBytes) return;
      this.hold(column.nullBytes, left, right);
      mark(cells);
    });
    const indices = new Int32Array(rows);
    let kept = 0;
    for (let i = 0; i < rows; i++) if (some[i] === 1) indices[kept++] = i;
    return indices.subarray(0, kept);
  }

  /** The left rows at `indices`, ascending; the matches move up with them. */
  private compress(left: Batch, indices: Int32Array): Batch {
    const { before, after, weight, held } = this.matches;
    for (let k = 0; k < indices.length; k++) {
      const i = indices[k]!;
      before[k] = before[i]!;
      after[k] = after[i]!;
      weight[k] = weight[i]!;
      held[k] = held[i]!;
    }
    return takeRows(left, indices, indices.length);
  }

  /** `full`: every row has a match. */
  private take(column: RightColumn, f: Field, left: Batch, right: RightBuffer, full: boolean): Column {
    const { before, after, weight, held, cells } = this.matches;
    const { rows } = left;
    const way = wayOf(this.step, f);
    if (way === 'row') return takeRight(column, f.type, before, rows, full);
    if (way === 'step') {
      if (!column.nullBytes) return takeRight(column, f.type, held, rows, full);
      this.hold(column.nullBytes, left, right);
      return takeRight({ ...column, nullBytes: null }, f.type, cells, rows, false);
    }
    const blended = full && !this.steps;
    if (way === 'before') return takeRight(column, f.type, before, rows, blended);
    const nulls = blended && !column.nullBytes ? null : interpolateNulls(column.nullBytes, before, after, rows);
    const values = f.type === 'f32' ? new Float32Array(rows) : new Float64Array(rows);
    const kernel = way === 'angle' ? interpolateAngle : interpolate;
    kernel(column.values as Float64Array, before, after, weight, rows, values);
    return { values, nulls, dictionary: null };
  }

  private hold(nullBytes: Uint8Array, left: Batch, right: RightBuffer): void {
    const { held, cells } = this.matches;
    holdCells(nullBytes, held, left.rows, left.timeUs, right.timeUs, right.head, this.toleranceUs, cells);
  }
}

function markFresh(indices: Int32Array, rows: number, fresh: Uint8Array, some: Uint8Array): void {
  for (let i = 0; i < rows; i++) if (indices[i]! >= 0 && fresh[indices[i]!] === 1) some[i] = 1;
}

function newMatches(rows: number): Matches {
  const indices = () => new Int32Array(rows);
  return { before: indices(), after: indices(), weight: new Float64Array(rows), held: indices(), cells: indices() };
}
