import { type Batch, bitmapBytes, type Column } from '../batch.js';
import { orBits } from './bitmap.js';
import { copyCells, newCells } from './cells.js';
import { DictionaryMerger } from './dictionary.js';

/** Batches of one schema, in the given order, as one. The caller sees to it that times ascend from one to the next. */
export function concatBatches(parts: readonly Batch[]): Batch {
  const first = parts[0]!;
  if (parts.length === 1) return first;
  let rows = 0;
  for (const part of parts) rows += part.rows;
  const timeUs = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    timeUs.set(part.timeUs.subarray(0, part.rows), at);
    at += part.rows;
  }
  const columns = first.schema.fields.map((_, c) => concatColumn(parts, c, rows));
  return { stream: first.stream, schema: first.schema, rows, timeUs, columns };
}

function concatColumn(parts: readonly Batch[], index: number, rows: number): Column {
  const { type } = parts[0]!.schema.fields[index]!;
  const values = newCells(type, rows);
  const merger = type === 'utf8' ? new DictionaryMerger() : null;
  let nulls: Uint8Array | null = null;
  let at = 0;
  for (const part of parts) {
    const column = part.columns[index]!;
    if (merger) {
      const moved = merger.move(column.dictionary!);
      const from = column.values as Int32Array;
      for (let i = 0; i < part.rows; i++) values[at + i] = moved[from[i]!]!;
    } else copyCells(values, at, column.values, 0, part.rows);
    if (column.nulls) {
      nulls ??= new Uint8Array(bitmapBytes(rows));
      orBits(nulls, at, column.nulls, part.rows);
    }
    at += part.rows;
  }
  return { values, nulls, dictionary: merger?.texts ?? null };
}
