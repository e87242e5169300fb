import * as zlib from 'node:zlib';

/**
 * The layout of a block, little-endian:
 *
 * | at | what |
 * |---|---|
 * | 0 | `PWB1` |
 * | 4 | u32 CRC-32 of everything behind it, 0 where flag 1 is not set |
 * | 8 | u32 flags: 1 = has a checksum |
 * | 12 | u32 records |
 * | 16 | f64 offset of the first record |
 * | 24 | f64 when it was committed, microseconds since 1970 |
 * | 32 | u32 bytes of the whole block |
 * | 36 | u32 zero |
 * | 40 | the records, back to back |
 *
 * and of a record:
 *
 * | at | what |
 * |---|---|
 * | 0 | u32 bytes of the whole record |
 * | 4 | u8 kind: 0 = data, 1 = tick |
 * | 5 | u8 zero |
 * | 6 | u16 bytes of the key |
 * | 8 | f64 received, microseconds since 1970 |
 * | 16 | f64 sequence |
 * | 24 | u16 bytes of the stream |
 * | 26 | u16 bytes of the writer |
 * | 28 | u32 bytes of the tags |
 * | 32 | key, stream, writer, tags (UTF-8), value |
 */
export const BLOCK_MAGIC = 0x31425750;
export const BLOCK_HEADER_BYTES = 40;
export const RECORD_HEADER_BYTES = 32;

/** A block is closed before it grows over this; only a single record that is longer makes a longer one. */
export const BLOCK_BYTES_MAX = 1 << 20;

export const PAGE_BYTES = 4096;
const PAGE_HEADER_BYTES = 24;
/** LMDB keeps values up to about here beside their key, and gives a page of their own to longer ones. */
const INLINE_BYTES_MAX = 1990;
/** A segment's key and LMDB's own words beside it. */
const ENTRY_BYTES = 40;
/** Blocks go in between others (the next partition's), so LMDB's leaves are half full. */
const LEAF_PAGES_PER_FULL_PAGE = 2;

/**
 * A block is stored in segments that fill one page of LMDB each, so that any free page serves any need. Values of
 * several pages need runs of free pages: a full ring of blocks of all sizes ends as thousands of holes nothing fits
 * into, and since lmdb-js 3.5 merges and checks its list of free pages in every transaction, it gets ten times slower.
 */
export const SEGMENT_BYTES_MAX = PAGE_BYTES - PAGE_HEADER_BYTES;
/** Segments are numbered with 16 bits. */
export const RECORD_BYTES_MAX = 256_000_000;

export function segmentsOf(bytes: number): number {
  return Math.ceil(bytes / SEGMENT_BYTES_MAX);
}

/** What a block of `bytes` takes on disk, nearly. */
export function blockFootprint(bytes: number): number {
  const segments = segmentsOf(bytes);
  const last = bytes - (segments - 1) * SEGMENT_BYTES_MAX;
  const inline = last <= INLINE_BYTES_MAX ? last : 0;
  const pages = inline > 0 ? segments - 1 : segments;
  return pages * PAGE_BYTES + (segments * ENTRY_BYTES + inline) * LEAF_PAGES_PER_FULL_PAGE;
}

/** Node has it since 20.15; without it blocks are written and read without a checksum. */
const crc32: ((data: Uint8Array) => number) | undefined = (zlib as { crc32?: (data: Uint8Array) => number }).crc32;

/** Fills the header of a whole block. */
export function sealBlock(block: Buffer, first: number, count: number, appendedUs: number): void {
  block.writeUInt32LE(BLOCK_MAGIC, 0);
  block.writeUInt32LE(crc32 ? 1 : 0, 8);
  block.writeUInt32LE(count, 12);
  block.writeDoubleLE(first, 16);
  block.writeDoubleLE(appendedUs, 24);
  block.writeUInt32LE(block.length, 32);
  block.writeUInt32LE(0, 36);
  block.writeUInt32LE(crc32 ? crc32(block.subarray(8)) : 0, 4);
}

/** Why `block` is not the sealed block of `count` records from `first` on, or null. */
export function blockFault(block: Buffer, first: number, count: number): string | null {
  if (block.length < BLOCK_HEADER_BYTES) return `is ${block.length} bytes long, less than a header`;
  if (block.readUInt32LE(0) !== BLOCK_MAGIC) return 'does not start with its mark';
  if (block.readUInt32LE(32) !== block.length) {
    return `says it is ${block.readUInt32LE(32)} bytes long, but is ${block.length}`;
  }
  const flags = block.readUInt32LE(8);
  if (flags > 1) return `has unknown flags ${flags}: written by a newer version`;
  const checksum = block.readUInt32LE(4);
  if (flags === 0 ? checksum !== 0 : crc32 && crc32(block.subarray(8)) !== checksum) return 'fails its checksum';
  if (block.readUInt32LE(12) !== count || block.readDoubleLE(16) !== first) return 'is not the block its key names';
  return null;
}
