import type { CellArray } from '../batch.js';
import { int64ToFloat64 } from '../int64.js';
import type { Field } from '../schema.js';
import { copyCells } from './cells.js';

/**
 * `to[at + i] = from[start + i]` for `count` cells of numbers or bools: raw when the fields agree, else through the numbers
 * they stand for, into cells without a scale.
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
  const same =
    fromField.type === toField.type && fromField.scale === toField.scale && fromField.offset === toField.offset;
  if (same) {
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
