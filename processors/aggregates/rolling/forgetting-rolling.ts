import type { BoxedForm, BoxedState, Cells } from '../aggregate.js';
import type { AggregateInputs } from '../row-arguments.js';
import type { KeptRows } from './kept-rows.js';
import type { Appended, Reader, RollingState } from './rolling-state.js';

/** One state that takes in and forgets rows as the window moves: quantiles and distinct, which do so exactly. */
export class ForgettingRolling<S> implements RollingState {
  readonly readers: Reader[] = [];
  private window: S;

  constructor(
    private readonly state: BoxedState<S>,
    private readonly args: readonly number[],
  ) {
    this.window = state.create();
  }

  append(rows: KeptRows, { start, count, heads }: Appended, outAt: number): void {
    const args = this.cells(rows);
    let head = rows.head;
    for (let i = 0; i < count; i++) {
      this.window = this.moved(this.window, args, rows.timeUs, start + i, start + i + 1, head, heads[i]!);
      head = heads[i]!;
      this.read(this.window, outAt + i);
    }
  }

  insert(rows: KeptRows, places: Int32Array): void {
    const args = this.cells(rows);
    for (const row of places) this.window = this.state.add(this.window, args, rows.timeUs, row, row + 1);
  }

  late(rows: KeptRows, places: Int32Array, lows: Int32Array, _mid: number, outAt: number): void {
    const { state } = this;
    const { timeUs, head, tail } = rows;
    const args = this.cells(rows);
    let low = lows[0]!;
    let end = places[0]! + 1;
    // The window that is there serves, when it is moved there and back with less work than a new one is made.
    const borrows = 2 * (tail - end + low - head) < end - low;
    let window: S;
    if (borrows) window = state.remove!(state.remove!(this.window, args, end, tail), args, head, low);
    else window = state.add(state.create(), args, timeUs, low, end);
    for (let i = 0; i < places.length; i++) {
      window = this.moved(window, args, timeUs, end, places[i]! + 1, low, lows[i]!);
      low = lows[i]!;
      end = places[i]! + 1;
      this.read(window, outAt + i);
    }
    if (borrows) this.window = state.add(state.add(window, args, timeUs, head, low), args, timeUs, end, tail);
  }

  alone(inputs: AggregateInputs, row: number): void {
    const args = this.args.map((arg) => inputs.texts[arg] ?? inputs.numbers[arg]!);
    this.read(this.state.add(this.state.create(), args, inputs.timeUs, row, row + 1), row);
  }

  rebuild(rows: KeptRows): void {
    this.window = this.state.add(this.state.create(), this.cells(rows), rows.timeUs, rows.head, rows.tail);
  }

  shift(): void {}

  private cells(rows: KeptRows): Cells[] {
    return this.args.map((arg) => rows.cells(arg));
  }

  /** The state with rows [from, to) and without rows [head, until). */
  private moved(
    state: S,
    args: readonly Cells[],
    timeUs: Float64Array,
    from: number,
    to: number,
    head: number,
    until: number,
  ): S {
    const more = this.state.add(state, args, timeUs, from, to);
    return head < until ? this.state.remove!(more, args, head, until) : more;
  }

  private read(state: S, row: number): void {
    for (const { form, constants, cells } of this.readers) {
      cells.set(row, (form as BoxedForm<S>).result(state, constants));
    }
  }
}
