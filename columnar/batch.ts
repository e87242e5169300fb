import type { Schema } from './schema.js';

export type CellArray = Float64Array | Float32Array | BigInt64Array | Int32Array | Int16Array | Uint8Array;

/**
 * The cells of one column. `values` has the array type of the field (`f64` Float64Array, `i64` BigInt64Array, `u8` and
 * `bool` Uint8Array, `utf8` Int32Array of dictionary indices …) and at least `rows` cells; raw cells, before the
 * field's scale and offset. `nulls` is a bitmap, least significant bit first, a set bit is a null; null when no cell is.
 * What stands in `values` under a null is of no meaning, but for `utf8` it is a valid index or 0.
 */
export interface Column {
  readonly values: CellArray;
  readonly nulls: Uint8Array | null;
  readonly dictionary: readonly string[] | null;
}

/**
 * Rows of one stream in columns on one event-time axis: `timeUs` are whole microseconds since 1970, ascending
 * (equal stamps allowed, in the order they came). Immutable by agreement; arrays may be longer than `rows`.
 */
export interface Batch {
  readonly stream: string;
  readonly schema: Schema;
  readonly rows: number;
  readonly timeUs: Float64Array;
  readonly columns: readonly Column[];
}

export function isNull(nulls: Uint8Array | null, row: number): boolean {
  return nulls !== null && (nulls[row >> 3]! & (1 << (row & 7))) !== 0;
}

/** Bytes of a null bitmap for so many rows. */
export function bitmapBytes(rows: number): number {
  return (rows + 7) >> 3;
}

/** A cell as a JavaScript value: number (scaled), bigint beyond ±2^53, boolean, string, or null. For sinks and tests. */
export function cellAt(batch: Batch, column: number, row: number): number | bigint | boolean | string | null {
  const { values, nulls, dictionary } = batch.columns[column]!;
  if (isNull(nulls, row)) return null;
  const f = batch.schema.fields[column]!;
  if (f.type === 'utf8') return dictionary![values[row] as number]!;
  if (f.type === 'bool') return values[row] !== 0;
  let raw = values[row]!;
  if (typeof raw === 'bigint') {
    const safe = raw >= -9007199254740991n && raw <= 9007199254740991n;
    if (!safe && f.scale === 1 && f.offset === 0) return raw;
    raw = Number(raw);
  }
  return f.scale === 1 && f.offset === 0 ? raw : raw * f.scale + f.offset;
}
