import type { ByteWriter } from 'hyparquet-writer';
import { packed, runOf } from './hybrid-runs.js';

/**
 * Data pages (version 2) and dictionary pages of Parquet, written from arrays at once. Parquet format: "Data Pages", and
 * parquet.thrift for the headers.
 */
export type Compress = ((bytes: Uint8Array) => Uint8Array) | null;

/** parquet.thrift, `Encoding`. */
const ENCODINGS = { PLAIN: 0, DELTA_BINARY_PACKED: 5, RLE_DICTIONARY: 8 } as const;
export type PageEncoding = keyof typeof ENCODINGS;

/** A page is stored as it is where a part of it shows that compressing saves less than this part of its chunk. */
const WORTH = 0.2;
const SAMPLE_BYTES = 16 * 1024;

export interface PageCells {
  rows: number;
  nulls: number;
  /** A bit a row, set when the cell is not null, least significant first; null when none is (or when none can be). */
  present: Uint8Array | null;
  /** Whether the column may hold nulls at all. */
  optional: boolean;
  /** The encoded cells that are not null. */
  bytes: Uint8Array;
  encoding: PageEncoding;
}

/** Writes a data page, whose cells' bytes are stored as `body`; returns its bytes uncompressed, header included. */
export function writeDataPage(writer: ByteWriter, cells: PageCells, body: Uint8Array): number {
  const levels = cells.optional ? definitionLevels(cells) : new Uint8Array(0);
  const start = writer.offset;
  const header = new ThriftStruct(writer);
  header.i32(1, 3);
  header.i32(2, levels.length + cells.bytes.length);
  header.i32(3, levels.length + body.length);
  const page = header.struct(8);
  page.i32(1, cells.rows);
  page.i32(2, cells.nulls);
  page.i32(3, cells.rows);
  page.i32(4, ENCODINGS[cells.encoding]);
  page.i32(5, levels.length);
  page.i32(6, 0);
  page.bool(7, body !== cells.bytes);
  page.end();
  header.end();
  const headerBytes = writer.offset - start;
  writer.appendBytes(levels);
  writer.appendBytes(body);
  return headerBytes + levels.length + cells.bytes.length;
}

/** Writes a dictionary page of `count` cells, stored as `body`; returns its bytes uncompressed, header included. */
export function writeDictionaryPage(writer: ByteWriter, count: number, bytes: Uint8Array, body: Uint8Array): number {
  const start = writer.offset;
  const header = new ThriftStruct(writer);
  header.i32(1, 2);
  header.i32(2, bytes.length);
  header.i32(3, body.length);
  const page = header.struct(7);
  page.i32(1, count);
  page.i32(2, ENCODINGS.PLAIN);
  page.end();
  header.end();
  const headerBytes = writer.offset - start;
  writer.appendBytes(body);
  return headerBytes + bytes.length;
}

/** `bytes` compressed, or the same object where that would not make a chunk of `chunkBytes` a fifth smaller. */
export function squeeze(bytes: Uint8Array, chunkBytes: number, compress: Compress): Uint8Array {
  const most = bytes.length - chunkBytes * WORTH;
  if (!compress || most <= 0) return bytes;
  if (bytes.length > 2 * SAMPLE_BYTES) {
    const middle = (bytes.length - SAMPLE_BYTES) >> 1;
    const sample = compress(bytes.subarray(middle, middle + SAMPLE_BYTES)).length / SAMPLE_BYTES;
    if (sample * bytes.length > most) return bytes;
  }
  const squeezed = compress(bytes);
  return squeezed.length < most ? squeezed : bytes;
}

function definitionLevels({ rows, nulls, present }: PageCells): Uint8Array {
  if (nulls === 0) return runOf(rows, 1, 1);
  if (nulls === rows || !present) return runOf(rows, 0, 1);
  return packed(present.length, present);
}

/** A struct of Thrift's compact protocol, field by field in ascending order. */
class ThriftStruct {
  private last = 0;

  constructor(private readonly writer: ByteWriter) {}

  i32(id: number, value: number): void {
    this.field(id, 5);
    this.writer.appendZigZag(value);
  }
  bool(id: number, value: boolean): void {
    this.field(id, value ? 1 : 2);
  }
  struct(id: number): ThriftStruct {
    this.field(id, 12);
    return new ThriftStruct(this.writer);
  }
  end(): void {
    this.writer.appendUint8(0);
  }

  private field(id: number, type: number): void {
    this.writer.appendUint8(((id - this.last) << 4) | type);
    this.last = id;
  }
}
