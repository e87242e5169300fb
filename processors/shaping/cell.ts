import { type Column, isNull } from '../../columnar/batch.js';
import { sameCells } from '../../columnar/kernels/convert.js';
import type { Field } from '../../columnar/schema.js';

/** One cell that is kept by itself: raw, texts as they are; null where it is. */
export type Cell = number | bigint | string | null;

export function cellOf({ values, nulls, dictionary }: Column, row: number): Cell {
  if (isNull(nulls, row)) return null;
  return dictionary ? dictionary[values[row] as number]! : values[row]!;
}

/** A cell of one field as one of another, which is that field or a wider one without scale. */
export function convertCell(cell: Cell, from: Field, to: Field): Cell {
  if (cell === null || typeof cell === 'string' || sameCells(from, to)) return cell;
  return from.scale === 1 && from.offset === 0 ? Number(cell) : Number(cell) * from.scale + from.offset;
}
