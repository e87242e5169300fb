import type { BusRecord } from '../bus.js';
import { RECORD_HEADER_BYTES } from './block-format.js';

/** Where a reader stands inside a block. */
export interface BlockPosition {
  /** Byte position of the next record. */
  at: number;
  /** Offset of the next record. */
  offset: number;
}

/** What a block's key says of it: the byte and the offset behind its last record. */
export interface BlockEnd {
  at: number;
  offset: number;
}

/**
 * Reads records of `bytes` from `position` to the end of their block into `records`, until the record that reaches
 * `bytesMax`. Moves `position` on. Returns why a record cannot be read (`position` is on it then), or null.
 */
export function readRecords(
  bytes: Buffer,
  position: BlockPosition,
  end: BlockEnd,
  bytesMax: number,
  records: BusRecord[],
): string | null {
  const stop = position.at + bytesMax;
  while (position.offset < end.offset) {
    const start = position.at;
    const fault = recordFault(bytes, start, end.at);
    if (fault) return fault;
    const behind = start + bytes.readUInt32LE(start);
    const streamAt = start + RECORD_HEADER_BYTES + bytes.readUInt16LE(start + 6);
    const writerAt = streamAt + bytes.readUInt16LE(start + 24);
    const tagsAt = writerAt + bytes.readUInt16LE(start + 26);
    const valueAt = tagsAt + bytes.readUInt32LE(start + 28);
    records.push({
      offset: position.offset,
      kind: bytes[start + 4] === 1 ? 'tick' : 'data',
      key: readText(bytes, start + RECORD_HEADER_BYTES, streamAt),
      stream: readText(bytes, streamAt, writerAt),
      receivedUs: bytes.readDoubleLE(start + 8),
      writer: readText(bytes, writerAt, tagsAt),
      sequence: bytes.readDoubleLE(start + 16),
      tags: readText(bytes, tagsAt, valueAt),
      value: bytes.subarray(valueAt, behind),
    });
    position.at = behind;
    position.offset++;
    if (behind >= stop) break;
  }
  return position.offset === end.offset && position.at !== end.at ? 'is followed by bytes that are none' : null;
}

/** Moves `position` on to `offset` without reading; same answer as `readRecords`. */
export function skipRecords(bytes: Buffer, position: BlockPosition, end: BlockEnd, offset: number): string | null {
  while (position.offset < offset) {
    const fault = recordFault(bytes, position.at, end.at);
    if (fault) return fault;
    position.at += bytes.readUInt32LE(position.at);
    position.offset++;
  }
  return null;
}

function recordFault(bytes: Buffer, start: number, end: number): string | null {
  if (end - start < RECORD_HEADER_BYTES) return 'is cut off';
  const length = bytes.readUInt32LE(start);
  const texts =
    bytes.readUInt16LE(start + 6) +
    bytes.readUInt16LE(start + 24) +
    bytes.readUInt16LE(start + 26) +
    bytes.readUInt32LE(start + 28);
  if (length < RECORD_HEADER_BYTES + texts || length > end - start) return 'has lengths that lie';
  if (bytes[start + 4]! > 1) return `is of unknown kind ${bytes[start + 4]}`;
  return null;
}

const TEXT_SLOTS = 4096;
const TEXT_BYTES_KEPT_MAX = 64;
const texts: string[] = new Array(TEXT_SLOTS).fill('');

/** Reads UTF-8. The same few names come again and again: short ASCII ones are looked up by a hash of their bytes. */
function readText(bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length === 0) return '';
  if (length > TEXT_BYTES_KEPT_MAX) return bytes.toString('utf8', from, to);
  let hash = 0;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (TEXT_SLOTS - 1);
  const known = texts[slot]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[from + i]) i++;
    if (i === length) return known;
  }
  const text = bytes.toString('utf8', from, to);
  // Only ASCII has as many characters as bytes; anything else could be taken for other bytes.
  if (text.length === length) texts[slot] = text;
  return text;
}
