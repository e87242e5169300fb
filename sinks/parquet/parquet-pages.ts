import { ByteWriter } from 'hyparquet-writer';

/**
 * Data pages (version 2) and dictionary pages of Parquet, written from arrays at once. Parquet format: "Data Pages",
 * "RLE/Bit-Packing Hybrid", and parquet.thrift for the headers.
 */
export type Compress = ((bytes: Uint8Array) => Uint8Array) | null;

const PLAIN = 0;
const RLE_DICTIONARY = 8;
/** A page is stored as it is when compressing a part of it saves less than a tenth. */
const SAMPLE_BYTES = 16 * 1024;
const WORTH = 0.9;

export interface PageCells {
  rows: number;
  nulls: number;
  /** A bit a row, set when the cell is not null, least significant first; null when none is (or when none can be). */
  present: Uint8Array | null;
  /** Whether the column may hold nulls at all. */
  optional: boolean;
  /** The encoded cells that are not null. */
  bytes: Uint8Array;
  dictionary: boolean;
}

/** Writes a data page; returns its bytes uncompressed, header included. */
export function writeDataPage(writer: ByteWriter, cells: PageCells, compress: Compress): number {
  const levels = cells.optional ? definitionLevels(cells) : new Uint8Array(0);
  const body = squeeze(cells.bytes, compress);
  const start = writer.offset;
  const header = new ThriftStruct(writer);
  header.i32(1, 3);
  header.i32(2, levels.length + cells.bytes.length);
  header.i32(3, levels.length + body.length);
  const page = header.struct(8);
  page.i32(1, cells.rows);
  page.i32(2, cells.nulls);
  page.i32(3, cells.rows);
  page.i32(4, cells.dictionary ? RLE_DICTIONARY : PLAIN);
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

/** Writes a dictionary page, which is always compressed when its column is; returns its bytes uncompressed. */
export function writeDictionaryPage(writer: ByteWriter, count: number, bytes: Uint8Array, compress: Compress): number {
  const body = compress ? compress(bytes) : bytes;
  const start = writer.offset;
  const header = new ThriftStruct(writer);
  header.i32(1, 2);
  header.i32(2, bytes.length);
  header.i32(3, body.length);
  const page = header.struct(7);
  page.i32(1, count);
  page.i32(2, PLAIN);
  page.end();
  header.end();
  const headerBytes = writer.offset - start;
  writer.appendBytes(body);
  return headerBytes + bytes.length;
}

/** One run of the same value, `width` bytes wide. */
export function runOf(count: number, value: number, width: number): Uint8Array {
  const writer = new ByteWriter(16);
  writer.appendVarInt(count << 1);
  for (let i = 0; i < width; i++) writer.appendUint8((value >> (8 * i)) & 0xff);
  return writer.getBytes();
}

/** Packed values whose bits fill `bytes`; groups of eight values. */
export function packed(groups: number, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(bytes.length + 8);
  writer.appendVarInt((groups << 1) | 1);
  writer.appendBytes(bytes);
  return writer.getBytes();
}

function definitionLevels({ rows, nulls, present }: PageCells): Uint8Array {
  if (nulls === 0) return runOf(rows, 1, 1);
  if (nulls === rows || !present) return runOf(rows, 0, 1);
  return packed(present.length, present);
}

function squeeze(bytes: Uint8Array, compress: Compress): Uint8Array {
  if (!compress || bytes.length === 0) return bytes;
  if (bytes.length > 2 * SAMPLE_BYTES) {
    const middle = (bytes.length - SAMPLE_BYTES) >> 1;
    if (compress(bytes.subarray(middle, middle + SAMPLE_BYTES)).length > SAMPLE_BYTES * WORTH) return bytes;
  }
  const squeezed = compress(bytes);
  return squeezed.length < bytes.length * WORTH ? squeezed : bytes;
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
