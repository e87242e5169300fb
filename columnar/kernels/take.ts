import { type Batch, bitmapBytes, type CellArray, type Column } from '../batch.js';
import type { ColumnType } from '../schema.js';
import { BatchMemory } from './batch-memory.js';
import { newCells } from './cells.js';

/** The cells at `indices[0 … count)`, in that order; an index below 0 gives a zero cell. */
export function takeCells(type: ColumnType, values: CellArray, indices: Int32Array, count: number): CellArray {
  const out = newCells(type, count);
  takeInto(type, values, indices, count, out);
  return out;
}

/**
 * Writes every cell of `out`. One loop a type, since a loop that sees every array type is several times slower; i64 is
 * moved as words, so it costs no BigInt.
 */
function takeInto(type: ColumnType, values: CellArray, indices: Int32Array, count: number, out: CellArray): void {
  switch (type) {
    case 'f64':
      takeDoubles(values as Float64Array, indices, count, out as Float64Array);
      break;
    case 'i64':
      takePairs(words(values), indices, count, words(out));
      break;
    case 'f32':
      takeFloats(values as Float32Array, indices, count, out as Float32Array);
      break;
    case 'i32':
    case 'utf8':
      takeWords(values as Int32Array, indices, count, out as Int32Array);
      break;
    case 'i16':
      takeShorts(values as Int16Array, indices, count, out as Int16Array);
      break;
    default:
      takeBytes(values as Uint8Array, indices, count, out as Uint8Array);
  }
}

function words(values: CellArray): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
}

function takeDoubles(from: Float64Array, indices: Int32Array, count: number, out: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    out[i] = at < 0 ? 0 : from[at]!;
  }
}

function takeFloats(from: Float32Array, indices: Int32Array, count: number, out: Float32Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    out[i] = at < 0 ? 0 : from[at]!;
  }
}

function takePairs(from: Int32Array, indices: Int32Array, count: number, out: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]! * 2;
    out[i * 2] = at < 0 ? 0 : from[at]!;
    out[i * 2 + 1] = at < 0 ? 0 : from[at + 1]!;
  }
}

function takeWords(from: Int32Array, indices: Int32Array, count: number, out: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    out[i] = at < 0 ? 0 : from[at]!;
  }
}

function takeShorts(from: Int16Array, indices: Int32Array, count: number, out: Int16Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    out[i] = at < 0 ? 0 : from[at]!;
  }
}

export function takeBytes(from: Uint8Array, indices: Int32Array, count: number, out: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    out[i] = at < 0 ? 0 : from[at]!;
  }
}

/** The null bits at `indices`, none of them below 0; null when none is set. */
export function takeBits(nulls: Uint8Array, indices: Int32Array, count: number): Uint8Array | null {
  let any = false;
  const out = new Uint8Array(bitmapBytes(count));
  for (let i = 0; i < count; i++) {
    const at = indices[i]!;
    if ((nulls[at >> 3]! & (1 << (at & 7))) === 0) continue;
    out[i >> 3]! |= 1 << (i & 7);
    any = true;
  }
  return any ? out : null;
}

export function takeColumn(column: Column, type: ColumnType, indices: Int32Array, count: number): Column {
  return columnOf(column, takeCells(type, column.values, indices, count), indices, count);
}

/** The rows at `indices[0 … count)`, ascending, so that times still ascend. */
export function takeRows(batch: Batch, indices: Int32Array, count: number): Batch {
  const { stream, schema } = batch;
  const { timeUs, columns: cells } = new BatchMemory(schema.fields, count);
  takeDoubles(batch.timeUs, indices, count, timeUs);
  const columns = batch.columns.map((column, c) => {
    takeInto(schema.fields[c]!.type, column.values, indices, count, cells[c]!);
    return columnOf(column, cells[c]!, indices, count);
  });
  return { stream, schema, rows: count, timeUs, columns };
}

function columnOf({ nulls, dictionary }: Column, values: CellArray, indices: Int32Array, count: number): Column {
  return { values, nulls: nulls ? takeBits(nulls, indices, count) : null, dictionary };
}
