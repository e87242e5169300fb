import type { CellArray } from '../batch.js';
import { int64ToFloat64 } from '../int64.js';
import type { Field } from '../schema.js';
import { copyCells } from './cells.js';

/** Whether cells of two fields are the same bits. */
export function sameCells(a: Field, b: Field): boolean {
  return a.type === b.type && a.scale === b.scale && a.offset === b.offset;
}

/**
 * Copies `count` cells from `start` on of one numeric field to `at` of another, through the numbers they stand for when
 * the fields differ; the other must hold these, and is without scale then.
 */
export function convertCells(
  from: CellArray,
  start: number,
  fromField: Field,
  to: CellArray,
  at: number,
  toField: Field,
  count: number,
): void {
  if (sameCells(fromField, toField)) {
    copyCells(to, at, from, start, count);
    return;
  }
  const numbers = new Float64Array(count);
  const part = from.subarray(start, start + count);
  if (part instanceof BigInt64Array) int64ToFloat64(part, numbers, count);
  else numbers.set(part);
  const { scale, offset } = fromField;
  if (scale !== 1 || offset !== 0) for (let i = 0; i < count; i++) numbers[i] = numbers[i]! * scale + offset;
  (to as Float64Array).set(numbers, at);
}
