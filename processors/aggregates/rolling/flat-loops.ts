import type { FlatForm, FlatState } from '../aggregate.js';
import type { Appended, Reader } from './rolling-state.js';

/** What the loops work on: see `FlatRolling`. */
export interface FlatWindow {
  readonly state: FlatState;
  readonly readers: readonly Reader[];
  /** The states of the front rows; the row at `base` has the first. */
  front: Float64Array;
  base: number;
  readonly back: Float64Array;
  /** Room for one state. */
  readonly window: Float64Array;
}

export interface FlatLoops {
  /** Results of rows at the end, each over [head, row]. */
  append(on: FlatWindow, args: readonly Float64Array[], timeUs: Float64Array, appended: Appended, outAt: number): void;
  /** The states of the rows [head, mid), from the last to the first. */
  build(on: FlatWindow, args: readonly Float64Array[], timeUs: Float64Array, head: number, mid: number): void;
  /** Makes `window` the state of the front from a row on. */
  copyFront(on: FlatWindow, row: number): void;
  /** Writes the results of a state to a row. */
  read(on: FlatWindow, state: Float64Array, row: number): void;
}

const made = new Map<FlatState, FlatLoops>();

/**
 * The loops for a state. Each state has a copy of the code of its own, since V8 inlines a state's functions into a loop
 * that has only ever seen them, and that makes a row twice as fast.
 */
export function loopsFor(state: FlatState): FlatLoops {
  let own = made.get(state);
  if (own === undefined) made.set(state, (own = new Function(`return (${makeLoops})();`)() as FlatLoops));
  return own;
}

/** Refers to nothing outside of itself, for its text is compiled anew. */
function makeLoops(): FlatLoops {
  function append(
    on: FlatWindow,
    args: readonly Float64Array[],
    timeUs: Float64Array,
    { start, count, heads, mids }: Appended,
    outAt: number,
  ): void {
    const { state, back, window } = on;
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const head = heads[i]!;
      const mid = mids[i]!;
      if (mid > row) {
        build(on, args, timeUs, head, mid);
        state.init(back, 0);
      } else state.add(back, 0, args, timeUs, row, row + 1);
      if (head < mid) {
        copyFront(on, head);
        state.merge(window, 0, back, 0);
        read(on, window, outAt + i);
      } else read(on, back, outAt + i);
    }
  }

  function build(on: FlatWindow, args: readonly Float64Array[], timeUs: Float64Array, head: number, mid: number): void {
    const { state } = on;
    const { slots } = state;
    const needed = (mid - head) * slots;
    if (on.front.length < needed || on.front.length > 8 * needed + 1024) on.front = new Float64Array(needed * 2);
    const { front } = on;
    on.base = head;
    for (let row = mid - 1, at = (row - head) * slots; row >= head; row--, at -= slots) {
      state.init(front, at);
      state.add(front, at, args, timeUs, row, row + 1);
      if (row < mid - 1) state.merge(front, at, front, at + slots);
    }
  }

  function copyFront({ front, base, window }: FlatWindow, row: number): void {
    const slots = window.length;
    const at = (row - base) * slots;
    for (let s = 0; s < slots; s++) window[s] = front[at + s]!;
  }

  function read({ readers }: FlatWindow, state: Float64Array, row: number): void {
    for (let r = 0; r < readers.length; r++) {
      const { form, cells } = readers[r]!;
      if (!(form as FlatForm).result(state, 0, cells.values, row)) cells.setNull(row);
    }
  }

  return { append, build, copyFront, read };
}
