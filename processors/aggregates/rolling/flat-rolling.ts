import type { FlatState } from '../aggregate.js';
import type { AggregateInputs } from '../row-arguments.js';
import { type FlatLoops, type FlatWindow, loopsFor } from './flat-loops.js';
import type { KeptRows } from './kept-rows.js';
import type { Appended, Reader, RollingState } from './rolling-state.js';

/**
 * A flat state over a moving window that never subtracts, so that an infinity that leaves is forgotten, and that costs
 * the same for any length of window: a queue of two stacks, as in Tangwongsan, Hirzel and Schneider, "Low-Latency
 * Sliding-Window Aggregation in Worst-Case Constant Time", 2017. For each row of the front stands the state of it and all
 * front rows after it; the back has one state. A window is the state of its first row merged with that of the back.
 */
export class FlatRolling implements RollingState, FlatWindow {
  readonly readers: Reader[] = [];
  front: Float64Array = new Float64Array(0);
  base = 0;
  readonly back: Float64Array;
  readonly window: Float64Array;
  private readonly part: Float64Array;
  private readonly loops: FlatLoops;

  constructor(
    readonly state: FlatState,
    private readonly args: readonly number[],
  ) {
    this.back = new Float64Array(state.slots);
    this.window = new Float64Array(state.slots);
    this.part = new Float64Array(state.slots);
    this.loops = loopsFor(state);
    state.init(this.back, 0);
  }

  append(rows: KeptRows, appended: Appended, outAt: number): void {
    this.loops.append(this, this.numbers(rows.numbers), rows.timeUs, appended, outAt);
  }

  insert(rows: KeptRows, places: Int32Array, mid: number): void {
    const args = this.numbers(rows.numbers);
    if (places[0]! < mid) this.loops.build(this, args, rows.timeUs, rows.head, mid);
    this.rebuildBack(args, rows, mid);
  }

  late(rows: KeptRows, places: Int32Array, lows: Int32Array, mid: number, outAt: number): void {
    const { state, window, part } = this;
    const args = this.numbers(rows.numbers);
    // The back as far as the row, which goes on from row to row.
    let partEnd = mid;
    state.init(part, 0);
    for (let i = 0; i < places.length; i++) {
      const low = lows[i]!;
      const end = places[i]! + 1;
      if (low < mid && mid < end) {
        state.add(part, 0, args, rows.timeUs, partEnd, end);
        partEnd = end;
        this.loops.copyFront(this, low);
        state.merge(window, 0, part, 0);
      } else {
        state.init(window, 0);
        state.add(window, 0, args, rows.timeUs, low, end);
      }
      this.loops.read(this, window, outAt + i);
    }
  }

  alone(inputs: AggregateInputs, row: number): void {
    this.state.init(this.window, 0);
    this.state.add(this.window, 0, this.numbers(inputs.numbers), inputs.timeUs, row, row + 1);
    this.loops.read(this, this.window, row);
  }

  rebuild(rows: KeptRows, mid: number): void {
    const args = this.numbers(rows.numbers);
    this.loops.build(this, args, rows.timeUs, rows.head, mid);
    this.rebuildBack(args, rows, mid);
  }

  shift(by: number): void {
    this.base -= by;
  }

  private numbers(all: readonly Float64Array[]): Float64Array[] {
    return this.args.map((arg) => all[arg]!);
  }

  private rebuildBack(args: readonly Float64Array[], rows: KeptRows, mid: number): void {
    this.state.init(this.back, 0);
    this.state.add(this.back, 0, args, rows.timeUs, mid, rows.tail);
  }
}
