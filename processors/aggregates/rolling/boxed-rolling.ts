import type { BoxedForm, BoxedState, Cells } from '../aggregate.js';
import type { AggregateInputs } from '../row-arguments.js';
import type { KeptRows } from './kept-rows.js';
import type { Appended, Reader, RollingState } from './rolling-state.js';

/** As `FlatRolling`, for states that are objects and cannot forget rows: those of texts, and the users' own. */
export class BoxedRolling<S> implements RollingState {
  readonly readers: Reader[] = [];
  /** The states of the front rows, the last row's first. */
  private front: S[] = [];
  private end = 0;
  private back: S;

  constructor(
    private readonly state: BoxedState<S>,
    private readonly args: readonly number[],
  ) {
    this.back = state.create();
  }

  append(rows: KeptRows, { start, count, heads, mids }: Appended, outAt: number): void {
    const args = this.cells(rows);
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const head = heads[i]!;
      const mid = mids[i]!;
      if (mid > row) {
        this.build(args, rows.timeUs, head, mid);
        this.back = this.state.create();
      } else this.back = this.state.add(this.back, args, rows.timeUs, row, row + 1);
      this.read(head < mid ? this.state.merge(this.frontOf(head), this.back) : this.back, outAt + i);
    }
  }

  insert(rows: KeptRows, places: Int32Array, mid: number): void {
    const args = this.cells(rows);
    if (places[0]! < mid) this.build(args, rows.timeUs, rows.head, mid);
    this.back = this.fresh(args, rows.timeUs, mid, rows.tail);
  }

  late(rows: KeptRows, places: Int32Array, lows: Int32Array, mid: number, outAt: number): void {
    const args = this.cells(rows);
    // The back as far as the row, which goes on from row to row.
    let partEnd = mid;
    let part = this.state.create();
    for (let i = 0; i < places.length; i++) {
      const low = lows[i]!;
      const end = places[i]! + 1;
      if (low < mid && mid < end) {
        part = this.state.add(part, args, rows.timeUs, partEnd, end);
        partEnd = end;
        this.read(this.state.merge(this.frontOf(low), part), outAt + i);
      } else this.read(this.fresh(args, rows.timeUs, low, end), outAt + i);
    }
  }

  alone(inputs: AggregateInputs, row: number): void {
    const args = this.args.map((arg) => inputs.texts[arg] ?? inputs.numbers[arg]!);
    this.read(this.fresh(args, inputs.timeUs, row, row + 1), row);
  }

  rebuild(rows: KeptRows, mid: number): void {
    const args = this.cells(rows);
    this.build(args, rows.timeUs, rows.head, mid);
    this.back = this.fresh(args, rows.timeUs, mid, rows.tail);
  }

  shift(by: number): void {
    this.end -= by;
  }

  private cells(rows: KeptRows): Cells[] {
    return this.args.map((arg) => rows.cells(arg));
  }

  private fresh(args: readonly Cells[], timeUs: Float64Array, from: number, to: number): S {
    return this.state.add(this.state.create(), args, timeUs, from, to);
  }

  private build(args: readonly Cells[], timeUs: Float64Array, head: number, mid: number): void {
    this.front = [];
    this.end = mid;
    for (let row = mid - 1; row >= head; row--) {
      const alone = this.fresh(args, timeUs, row, row + 1);
      this.front.push(row === mid - 1 ? alone : this.state.merge(alone, this.front.at(-1)!));
    }
  }

  private frontOf(row: number): S {
    return this.front[this.end - 1 - row]!;
  }

  private read(state: S, row: number): void {
    for (const { form, constants, cells } of this.readers) {
      cells.set(row, (form as BoxedForm<S>).result(state, constants));
    }
  }
}
