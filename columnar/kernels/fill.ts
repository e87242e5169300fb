import { bitmapBytes, type CellArray, type Column, isNull } from '../batch.js';
import type { ColumnType } from '../schema.js';
import { newCells } from './cells.js';
import { interpolate, interpolateNulls } from './interpolate.js';
import { takeCells } from './take.js';

/** A cell as it stands in its array; a text as it is. */
export type FillCell = number | bigint | string;

/** A value and the time it stands at, microseconds. */
export interface Point {
  value: number;
  timeUs: number;
}

/** The column with `cell` in the place of its nulls. */
export function fillConstant(column: Column, rows: number, cell: FillCell): Column {
  const { nulls } = column;
  if (nulls === null) return column;
  const { raw, dictionary } = place(cell, column.dictionary);
  const values = column.values.slice(0, rows);
  for (let i = 0; i < rows; i++) if (isNull(nulls, i)) values[i] = raw as never;
  return { values, nulls: null, dictionary };
}

/** A column of one cell throughout. */
export function constantColumn(type: ColumnType, rows: number, cell: FillCell): Column {
  const { raw, dictionary } = place(cell, type === 'utf8' ? [] : null);
  return { values: newCells(type, rows).fill(raw as never), nulls: null, dictionary };
}

/**
 * The column with each null replaced by the last value before it, or by `before` where it has none, and left where that
 * is null too.
 */
export function fillForward(column: Column, type: ColumnType, rows: number, before: FillCell | null): Column {
  const { nulls } = column;
  if (nulls === null) return column;
  const source = new Int32Array(rows);
  let last = -1;
  let leading = 0;
  for (let i = 0; i < rows; i++) {
    if ((nulls[i >> 3]! & (1 << (i & 7))) === 0) last = i;
    else if (last < 0) leading++;
    source[i] = last;
  }
  const values = takeCells(type, column.values, source, rows);
  if (leading === 0) return { values, nulls: null, dictionary: column.dictionary };
  if (before === null) return { values, nulls: firstBits(leading, rows), dictionary: column.dictionary };
  const { raw, dictionary } = place(before, column.dictionary);
  values.fill(raw as never, 0, leading);
  return { values, nulls: null, dictionary };
}

/**
 * The column of numbers with each null put on the straight line between its neighbours that are not null, in the column
 * or, outside it, `left` and `right`; null where one is missing. Rows before `from` take no part. `left` becomes the
 * last value.
 */
export function fillLinear(
  column: Column & { values: Float64Array },
  timeUs: Float64Array,
  rows: number,
  from: number,
  left: Point | null,
  right: Point | null,
  out: CellArray & (Float64Array | Float32Array),
): { column: Column; last: Point | null } {
  // One cell more at each end, for the neighbours outside.
  const values = new Float64Array(rows + 2);
  const times = new Float64Array(rows + 2);
  values.set(column.values.subarray(0, rows), 1);
  times.set(timeUs.subarray(0, rows), 1);
  if (left) [values[0], times[0]] = [left.value, left.timeUs];
  if (right) [values[rows + 1], times[rows + 1]] = [right.value, right.timeUs];
  const before = new Int32Array(rows);
  const after = new Int32Array(rows);
  const weight = new Float64Array(rows);
  let next = right ? rows + 1 : -1;
  for (let i = rows - 1; i >= 0; i--) {
    const known = !isNull(column.nulls, i);
    if (i < from) after[i] = known ? i + 1 : -1;
    else after[i] = next = known ? i + 1 : next;
  }
  let previous = left ? 0 : -1;
  for (let i = 0; i < rows; i++) {
    if (i < from) before[i] = after[i]!;
    else if (after[i] === i + 1) before[i] = previous = i + 1;
    else if (previous < 0 || after[i]! < 0) before[i] = -1;
    else {
      before[i] = previous;
      const spanUs = times[after[i]!]! - times[previous]!;
      weight[i] = spanUs > 0 ? (times[i + 1]! - times[previous]!) / spanUs : 0;
    }
  }
  interpolate(values, before, after, weight, rows, out);
  const last = previous < 0 ? null : { value: values[previous]!, timeUs: times[previous]! };
  return { column: { values: out, nulls: interpolateNulls(null, before, after, rows), dictionary: null }, last };
}

/** The cell as it stands in the array; a text as its place in the dictionary, which may have to be one longer. */
function place(
  cell: FillCell,
  dictionary: readonly string[] | null,
): { raw: number | bigint; dictionary: readonly string[] | null } {
  if (typeof cell !== 'string') return { raw: cell, dictionary };
  const texts = dictionary ?? [];
  const at = texts.indexOf(cell);
  return at >= 0 ? { raw: at, dictionary: texts } : { raw: texts.length, dictionary: [...texts, cell] };
}

function firstBits(count: number, rows: number): Uint8Array {
  const bits = new Uint8Array(bitmapBytes(rows));
  for (let i = 0; i < count; i++) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
