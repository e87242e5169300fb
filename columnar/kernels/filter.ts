import type { Batch, Column } from '../batch.js';
import { takeRows } from './take.js';

/** Used anew by each call. */
let numbers = new Int32Array(1024);

/** The rows of which the `bool` column is true; null counts as not true. The batch itself when all are. */
export function filterRows(batch: Batch, condition: Column): Batch {
  const { rows } = batch;
  if (numbers.length < rows) numbers = new Int32Array(rows * 2);
  const kept = trueRows(condition.values as Uint8Array, condition.nulls, rows, numbers);
  return kept === rows ? batch : takeRows(batch, numbers, kept);
}

/** Writes the numbers of the true rows; returns how many there are. */
export function trueRows(values: Uint8Array, nulls: Uint8Array | null, rows: number, indices: Int32Array): number {
  let kept = 0;
  if (nulls === null) {
    for (let i = 0; i < rows; i++) {
      indices[kept] = i;
      if (values[i] !== 0) kept++;
    }
    return kept;
  }
  for (let i = 0; i < rows; i++) {
    indices[kept] = i;
    if (values[i] !== 0 && (nulls[i >> 3]! & (1 << (i & 7))) === 0) kept++;
  }
  return kept;
}
