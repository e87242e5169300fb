import type { CellArray } from '../batch.js';
import type { ColumnType } from '../schema.js';

/** Room for `rows` cells of a type, all zero. */
export function newCells(type: ColumnType, rows: number): CellArray {
  switch (type) {
    case 'f64':
      return new Float64Array(rows);
    case 'f32':
      return new Float32Array(rows);
    case 'i64':
      return new BigInt64Array(rows);
    case 'i32':
    case 'utf8':
      return new Int32Array(rows);
    case 'i16':
      return new Int16Array(rows);
    default:
      return new Uint8Array(rows);
  }
}

/** `target[at + i] = from[start + i]` for `count` cells of one type. */
export function copyCells(target: CellArray, at: number, from: CellArray, start: number, count: number): void {
  // The two arrays have one type, which the union cannot say.
  target.set(from.subarray(start, start + count) as never, at);
}
