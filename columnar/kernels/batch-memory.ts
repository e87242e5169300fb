import type { CellArray } from '../batch.js';
import { CELL_BYTES, type ColumnType, type Field } from '../schema.js';

/** Up to here words are copied one by one: a view of so few bytes costs more. */
const FEW_BYTES = 256;

/**
 * Times and cells of a batch that is about to be filled, in one piece of memory: room of their own for each column costs
 * many times as much where rows are few, and zeros where they are many. They hold anything: the caller writes every one.
 * Whoever keeps a column keeps the piece.
 */
export class BatchMemory {
  readonly timeUs: Float64Array;
  readonly columns: CellArray[] = [];
  private readonly words: Int32Array;

  constructor(fields: readonly Field[], rows: number) {
    let size = rows * 8;
    for (const { type } of fields) size += cellBytes(type, rows);
    const buffer = Buffer.allocUnsafeSlow(size).buffer;
    this.words = new Int32Array(buffer);
    this.timeUs = new Float64Array(buffer, 0, rows);
    let at = rows * 8;
    for (const { type } of fields) {
      this.columns.push(cellsIn(type, buffer, at, rows));
      at += cellBytes(type, rows);
    }
  }

  /** Where the cells of a column begin, in bytes. */
  startOf(column: number): number {
    return this.columns[column]!.byteOffset;
  }

  /** Copies little-endian cells that stand anywhere in `from` to the byte `to`, where cells of their width may stand. */
  copy(from: DataView, at: number, to: number, size: number): void {
    if (size > FEW_BYTES || ((size | to) & 3) !== 0) {
      const bytes = new Uint8Array(this.words.buffer, to, size);
      bytes.set(new Uint8Array(from.buffer, from.byteOffset + at, size));
      return;
    }
    const { words } = this;
    const end = (to + size) >> 2;
    for (let w = to >> 2, b = at; w < end; w++, b += 4) words[w] = from.getInt32(b, true);
  }
}

function cellBytes(type: ColumnType, rows: number): number {
  return (rows * CELL_BYTES[type] + 7) & ~7;
}

function cellsIn(type: ColumnType, buffer: ArrayBuffer, at: number, rows: number): CellArray {
  switch (type) {
    case 'f64':
      return new Float64Array(buffer, at, rows);
    case 'f32':
      return new Float32Array(buffer, at, rows);
    case 'i64':
      return new BigInt64Array(buffer, at, rows);
    case 'i32':
    case 'utf8':
      return new Int32Array(buffer, at, rows);
    case 'i16':
      return new Int16Array(buffer, at, rows);
    default:
      return new Uint8Array(buffer, at, rows);
  }
}
