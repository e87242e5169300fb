import type { Form } from '../aggregate.js';
import type { ResultCells } from '../result-cells.js';
import type { AggregateInputs } from '../row-arguments.js';
import type { KeptRows } from './kept-rows.js';

/** A call that reads a state, and where its results go. */
export interface Reader {
  readonly form: Form;
  readonly constants: readonly number[];
  cells: ResultCells;
}

/** Rows at the end of the kept rows, from `start` on; the arrays may be longer than `count`. */
export interface Appended {
  start: number;
  count: number;
  /** Where the window of each begins. */
  heads: Int32Array;
  /** Where the front ends at each. When that has moved, it has moved to behind this row. */
  mids: Int32Array;
}

/**
 * One state as a window that moves over the kept rows. The rows are in two parts, the front [head, mid) and the back
 * [mid, tail): what is kept may depend on `mid`, and must not depend on how rows were grouped when they came, so that
 * `rebuild` gives it again bit for bit.
 */
export interface RollingState {
  readonly readers: Reader[];
  /** Results of rows that have come at the end, each over [head, row], to `outAt` and on. */
  append(rows: KeptRows, appended: Appended, outAt: number): void;
  /** Rows were put at `places`, which ascend; the front ends at `mid` now. */
  insert(rows: KeptRows, places: Int32Array, mid: number): void;
  /** Results of rows at `places`, each over [lows[i], places[i]], to `outAt` and on. */
  late(rows: KeptRows, places: Int32Array, lows: Int32Array, mid: number, outAt: number): void;
  /** The result of a row of the inputs that sees only itself. */
  alone(inputs: AggregateInputs, row: number): void;
  rebuild(rows: KeptRows, mid: number): void;
  /** The rows have moved towards the front. */
  shift(by: number): void;
}
