import { type Batch, bitmapBytes, type CellArray, type Column } from '../batch.js';
import type { ColumnType } from '../schema.js';

/**
 * The cells at `indices[0 … count)`, in that order; an index below 0 gives a zero cell. One loop a cell width, since a
 * loop that sees every array type is several times slower; cells are moved as bits, so i64 costs no BigInt.
 */
export function takeCells(type: ColumnType, values: CellArray, indices: Int32Array, count: number): CellArray {
  switch (type) {
    case 'f64': {
      const out = new Float64Array(count);
      takeDoubles(values as Float64Array, indices, count, out);
      return out;
    }
    case 'i64': {
      const out = new BigInt64Array(count);
      takePairs(words(values), indices, count, words(out));
      return out;
    }
    case 'f32': {
      const out = new Float32Array(count);
      takeWords(words(values), indices, count, words(out));
      return out;
    }
    case 'i32':
    case 'utf8': {
      const out = new Int32Array(count);
      takeWords(values as Int32Array, indices, count, out);
      return out;
    }
    case 'i16': {
      const out = new Int16Array(count);
      takeShorts(values as Int16Array, indices, count, out);
      return out;
    }
    default: {
      const out = new Uint8Array(count);
      takeBytes(values as Uint8Array, indices, count, out);
      return out;
    }
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

function takePairs(from: Int32Array, indices: Int32Array, count: number, out: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const at = indices[i]! * 2;
    if (at < 0) continue;
    out[i * 2] = from[at]!;
    out[i * 2 + 1] = from[at + 1]!;
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
  return {
    values: takeCells(type, column.values, indices, count),
    nulls: column.nulls ? takeBits(column.nulls, indices, count) : null,
    dictionary: column.dictionary,
  };
}

/** The rows at `indices[0 … count)`, ascending, so that times still ascend. */
export function takeRows(batch: Batch, indices: Int32Array, count: number): Batch {
  const timeUs = new Float64Array(count);
  takeDoubles(batch.timeUs, indices, count, timeUs);
  const columns = batch.columns.map((column, c) => takeColumn(column, batch.schema.fields[c]!.type, indices, count));
  return { stream: batch.stream, schema: batch.schema, rows: count, timeUs, columns };
}
