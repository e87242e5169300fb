import type { FlatForm, FlatState } from '../aggregate.js';
import type { AggregateInputs } from '../row-arguments.js';
import type { KeptRows } from './kept-rows.js';
import type { Appended, Reader, RollingState } from './rolling-state.js';

/**
 * A flat state over a moving window that never subtracts, so that an infinity that leaves is forgotten, and that costs
 * the same for any length of window: a queue of two stacks, as in Tangwongsan, Hirzel and Schneider, "Low-Latency
 * Sliding-Window Aggregation in Worst-Case Constant Time", 2017. For each row of the front stands the state of it and all
 * front rows after it; the back has one state. A window is the state of its first row merged with that of the back.
 */
export class FlatRolling implements RollingState {
  readonly readers: Reader[] = [];
  /** The states of the front rows; the row at `base` has the first. */
  private front = new Float64Array(0);
  private base = 0;
  private readonly back: Float64Array;
  private readonly window: Float64Array;
  private readonly part: Float64Array;

  constructor(
    private readonly state: FlatState,
    private readonly args: readonly number[],
  ) {
    this.back = new Float64Array(state.slots);
    this.window = new Float64Array(state.slots);
    this.part = new Float64Array(state.slots);
    state.init(this.back, 0);
  }

  append(rows: KeptRows, { start, count, heads, mids }: Appended, outAt: number): void {
    const { state, back } = this;
    const { timeUs } = rows;
    const args = this.numbers(rows.numbers);
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const head = heads[i]!;
      const mid = mids[i]!;
      if (mid > row) {
        this.build(args, timeUs, head, mid);
        state.init(back, 0);
      } else state.add(back, 0, args, timeUs, row, row + 1);
      this.give(head, mid, outAt + i);
    }
  }

  insert(rows: KeptRows, places: Int32Array, mid: number): void {
    const args = this.numbers(rows.numbers);
    if (places[0]! < mid) this.build(args, rows.timeUs, rows.head, mid);
    this.rebuildBack(args, rows, mid);
  }

  late(rows: KeptRows, places: Int32Array, lows: Int32Array, mid: number, outAt: number): void {
    const { state, window, part } = this;
    const args = this.numbers(rows.numbers);
    for (let i = 0; i < places.length; i++) {
      const low = lows[i]!;
      const end = places[i]! + 1;
      if (low < mid && mid < end) {
        this.copyFront(low);
        state.init(part, 0);
        state.add(part, 0, args, rows.timeUs, mid, end);
        state.merge(window, 0, part, 0);
      } else {
        state.init(window, 0);
        state.add(window, 0, args, rows.timeUs, low, end);
      }
      this.read(window, 0, outAt + i);
    }
  }

  alone(inputs: AggregateInputs, row: number): void {
    this.state.init(this.window, 0);
    this.state.add(this.window, 0, this.numbers(inputs.numbers), inputs.timeUs, row, row + 1);
    this.read(this.window, 0, row);
  }

  rebuild(rows: KeptRows, mid: number): void {
    const args = this.numbers(rows.numbers);
    this.build(args, rows.timeUs, rows.head, mid);
    this.rebuildBack(args, rows, mid);
  }

  shift(by: number): void {
    this.base -= by;
  }

  private numbers(all: readonly Float64Array[]): Float64Array[] {
    return this.args.map((arg) => all[arg]!);
  }

  /** The states of the rows [head, mid), from the last to the first. */
  private build(args: readonly Float64Array[], timeUs: Float64Array, head: number, mid: number): void {
    const { state } = this;
    const { slots } = state;
    const needed = (mid - head) * slots;
    if (this.front.length < needed || this.front.length > 8 * needed + 1024) this.front = new Float64Array(needed * 2);
    const { front } = this;
    this.base = head;
    for (let row = mid - 1, at = (row - head) * slots; row >= head; row--, at -= slots) {
      state.init(front, at);
      state.add(front, at, args, timeUs, row, row + 1);
      if (row < mid - 1) state.merge(front, at, front, at + slots);
    }
  }

  private rebuildBack(args: readonly Float64Array[], rows: KeptRows, mid: number): void {
    this.state.init(this.back, 0);
    this.state.add(this.back, 0, args, rows.timeUs, mid, rows.tail);
  }

  private give(head: number, mid: number, row: number): void {
    if (head >= mid) this.read(this.back, 0, row);
    else {
      this.copyFront(head);
      this.state.merge(this.window, 0, this.back, 0);
      this.read(this.window, 0, row);
    }
  }

  private copyFront(row: number): void {
    const { front, window } = this;
    const at = (row - this.base) * window.length;
    for (let s = 0; s < window.length; s++) window[s] = front[at + s]!;
  }

  private read(state: Float64Array, at: number, row: number): void {
    const { readers } = this;
    for (let r = 0; r < readers.length; r++) {
      const { form, cells } = readers[r]!;
      if (!(form as FlatForm).result(state, at, cells.values, row)) cells.setNull(row);
    }
  }
}
