import { type Batch, bitmapBytes, type CellArray, type Column } from '../columnar/batch.js';
import { float64ToInt64 } from '../columnar/int64.js';
import { BatchMemory } from '../columnar/kernels/batch-memory.js';
import { orBits } from '../columnar/kernels/bitmap.js';
import { CELL_BYTES, type ColumnType, type Schema } from '../columnar/schema.js';
import type { ByteSource } from './avro-views.js';
import type { PackedBatch } from './packed-batch.js';
import type { ReadPackedBatch } from './read-packed.js';

/** Batches to and from the data block of a `TelemetryBatch` (layout: telemetry-batch.avsc). */

export const pad8 = (bytes: number): number => (bytes + 7) & ~7;

const NO_BYTES = Buffer.alloc(0);
const TWO_32 = 4294967296;
const HEAP_BYTES_MAX = 64;

/** The batch in packed form for the bus; columns are copied when the record is written, not before. */
export function pack(batch: Batch): PackedBatch {
  const periodUs = evenPeriodUs(batch.timeUs, batch.rows);
  const nulls = packNulls(batch);
  return {
    seq: 0,
    stream: batch.stream,
    schema: batch.schema.fingerprint,
    columns: [],
    t0Us: batch.rows === 0 ? 0 : batch.timeUs[0]!,
    periodUs,
    rows: batch.rows,
    nulls,
    data: new BlockSource(batch, periodUs),
  };
}

/**
 * Several packed batches of one stream and one schema as one batch, in the given order. The caller has checked that
 * each is sound and that their times ascend from one to the next.
 */
export function unpack(parts: readonly ReadPackedBatch[], stream: string, schema: Schema): Batch {
  let rows = 0;
  let anyNulls = false;
  for (const part of parts) {
    rows += part.rows;
    anyNulls ||= part.nullBytes > 0;
  }
  const memory = new BatchMemory(schema.fields, rows);
  const cursors: number[] = [];
  let at = 0;
  for (const part of parts) {
    cursors.push(readTimes(part, memory.timeUs, at));
    at += part.rows;
  }
  const columns: Column[] = [];
  for (let c = 0; c < schema.fields.length; c++) {
    columns.push(unpackColumn(parts, schema.fields[c]!.type, c, rows, cursors, memory, anyNulls));
  }
  return { stream, schema, rows, timeUs: memory.timeUs, columns };
}

/** Writes the part's times at `at`; returns where its first column starts in the data block. */
export function readTimes(part: ReadPackedBatch, target: Float64Array, at: number): number {
  const { rows, t0Us, periodUs } = part;
  if (periodUs !== 0) {
    for (let i = 0; i < rows; i++) target[at + i] = t0Us + Math.round(i * periodUs);
    return 0;
  }
  for (let i = 0; i < rows; i++) target[at + i] = ownTimeUs(part, i);
  return rows * 8;
}

/** First and last time of a packed batch without reading the others. The times ascend, so these are its bounds. */
export function timeBoundsUs(part: ReadPackedBatch): [first: number, last: number] {
  return [firstUs(part), lastUs(part)];
}

export function firstUs(part: ReadPackedBatch): number {
  return part.periodUs === 0 ? ownTimeUs(part, 0) : part.t0Us;
}

export function lastUs(part: ReadPackedBatch): number {
  const last = part.rows - 1;
  return part.periodUs === 0 ? ownTimeUs(part, last) : part.t0Us + Math.round(last * part.periodUs);
}

/** The time of a row in a batch whose rows carry their own. */
export function ownTimeUs({ view, dataAt, t0Us }: ReadPackedBatch, row: number): number {
  const at = dataAt + row * 8;
  return t0Us + view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
}

function unpackColumn(
  parts: readonly ReadPackedBatch[],
  type: ColumnType,
  index: number,
  rows: number,
  cursors: number[],
  memory: BatchMemory,
  anyNulls: boolean,
): Column {
  const values = memory.columns[index]!;
  const nulls = anyNulls ? new Uint8Array(bitmapBytes(rows)) : null;
  const width = CELL_BYTES[type];
  const dictionary: string[] | null = type === 'utf8' ? [] : null;
  const seen = parts.length > 1 && dictionary ? new Map<string, number>() : null;
  let to = memory.startOf(index);
  let at = 0;
  for (let p = 0; p < parts.length; p++) {
    const part = parts[p]!;
    const own = part.rows;
    const start = cursors[p]!;
    const size = own * width;
    memory.copy(part.view, part.dataAt + start, to, size);
    let next = start + pad8(size);
    if (dictionary) {
      const texts: string[] = [];
      next = readDictionary(part.data, next, texts);
      if (seen) mergeDictionary(values as Int32Array, at, own, texts, dictionary, seen);
      else dictionary.push(...texts);
    }
    cursors[p] = next;
    if (nulls && part.nullBytes > 0) orBits(nulls, at, part.nulls, own, index * bitmapBytes(own));
    at += own;
    to += size;
  }
  return { values, nulls: nulls?.some((byte) => byte !== 0) ? nulls : null, dictionary };
}

function mergeDictionary(
  indices: Int32Array,
  at: number,
  rows: number,
  texts: readonly string[],
  dictionary: string[],
  seen: Map<string, number>,
): void {
  const moved = texts.map((text) => {
    let index = seen.get(text);
    if (index === undefined) {
      index = dictionary.push(text) - 1;
      seen.set(text, index);
    }
    return index;
  });
  for (let i = at; i < at + rows; i++) indices[i] = moved[indices[i]!] ?? 0;
}

/** Reads the dictionary at `at`; returns the position behind it. */
export function readDictionary(data: Buffer, at: number, texts: string[]): number {
  const count = data.readUInt32LE(at);
  const bytes = data.readUInt32LE(at + 4);
  const first = at + 8 + count * 4;
  let start = first;
  for (let i = 0; i < count; i++) {
    const end = first + data.readUInt32LE(at + 8 + i * 4);
    texts.push(data.toString('utf8', start, end));
    start = end;
  }
  return at + pad8(8 + count * 4 + bytes);
}

/** The spacing in microseconds when the times are even to the microsecond, else 0. One row counts as even. */
export function evenPeriodUs(timeUs: Float64Array, rows: number): number {
  if (rows <= 1) return 1;
  const first = timeUs[0]!;
  const period = (timeUs[rows - 1]! - first) / (rows - 1);
  if (period <= 0) return 0;
  for (let i = 1; i < rows; i++) if (timeUs[i] !== first + Math.round(i * period)) return 0;
  return period;
}

function packNulls(batch: Batch): Uint8Array {
  if (batch.columns.every((column) => column.nulls === null)) return NO_BYTES;
  const each = bitmapBytes(batch.rows);
  const nulls = new Uint8Array(each * batch.columns.length);
  batch.columns.forEach((column, i) => {
    if (column.nulls) orBits(nulls, i * each * 8, column.nulls, batch.rows);
  });
  return nulls;
}

/** The data block of a batch; it is laid out only when it is copied into the record. */
class BlockSource implements ByteSource {
  readonly byteLength: number;
  private readonly dictionaries: (Buffer | null)[];

  constructor(
    private readonly batch: Batch,
    private readonly periodUs: number,
  ) {
    let bytes = periodUs === 0 ? batch.rows * 8 : 0;
    this.dictionaries = batch.columns.map((column, i) => {
      const dictionary = column.dictionary ? encodeDictionary(column.dictionary) : null;
      bytes += pad8(batch.rows * CELL_BYTES[batch.schema.fields[i]!.type]) + (dictionary?.length ?? 0);
      return dictionary;
    });
    this.byteLength = bytes;
  }

  copyTo(target: Buffer, start: number): void {
    const { rows, timeUs, columns, schema } = this.batch;
    let at = start;
    if (this.periodUs === 0) at = writeOwnTimes(timeUs, rows, target, at);
    for (let c = 0; c < columns.length; c++) {
      const size = rows * CELL_BYTES[schema.fields[c]!.type];
      writeCells(columns[c]!.values, rows, size, target, at);
      const end = at + pad8(size);
      for (let i = at + size; i < end; i++) target[i] = 0;
      at = end;
      const dictionary = this.dictionaries[c];
      if (dictionary) {
        target.set(dictionary, at);
        at += dictionary.length;
      }
    }
  }
}

/** Writes the times as 64-bit integers from the first on; returns the position behind them. */
export function writeOwnTimes(timeUs: Float64Array, rows: number, target: Buffer, at: number): number {
  const own = new BigInt64Array(rows);
  float64ToInt64(timeUs, own, rows, timeUs[0] ?? 0);
  writeCells(own, rows, rows * 8, target, at);
  return at + rows * 8;
}

function writeCells(values: CellArray, rows: number, size: number, target: Buffer, at: number): void {
  // Node keeps such small arrays on the heap, and would have to move one for a view of its bytes.
  if (size <= HEAP_BYTES_MAX && values instanceof Float64Array) {
    for (let i = 0; i < rows; i++) target.writeDoubleLE(values[i]!, at + i * 8);
  } else if (size <= HEAP_BYTES_MAX && values instanceof BigInt64Array) {
    for (let i = 0; i < rows; i++) target.writeBigInt64LE(values[i]!, at + i * 8);
  } else target.set(new Uint8Array(values.buffer, values.byteOffset, size), at);
}

function encodeDictionary(texts: readonly string[]): Buffer {
  let bytes = 0;
  const sizes = texts.map((text) => Buffer.byteLength(text));
  for (const size of sizes) bytes += size;
  const out = Buffer.alloc(pad8(8 + texts.length * 4 + bytes));
  out.writeUInt32LE(texts.length, 0);
  out.writeUInt32LE(bytes, 4);
  const first = 8 + texts.length * 4;
  let end = 0;
  for (let i = 0; i < texts.length; i++) {
    out.write(texts[i]!, first + end, 'utf8');
    end += sizes[i]!;
    out.writeUInt32LE(end, 8 + i * 4);
  }
  return out;
}
