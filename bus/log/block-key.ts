/**
 * The name of a block in the log. Count, bytes and time stand in the key, so that finding, measuring and dropping
 * blocks never touches what they hold.
 */
export interface BlockKey {
  topic: number;
  partition: number;
  /** Offset of its first record. */
  first: number;
  /** Records in it. */
  count: number;
  /** Bytes of the whole block, header included, over all its segments. */
  bytes: number;
  /** When it was committed, microseconds since 1970. */
  appendedUs: number;
  /** A block is stored in several values (`SEGMENT_BYTES_MAX`), numbered from 0. */
  segment: number;
}

const BLOCK_KEY_BYTES = 30;
const TWO_32 = 2 ** 32;

/** Big-endian, so that LMDB's byte order is the order of topic, partition, offset. */
export function blockKeyBytes(key: BlockKey): Buffer {
  const bytes = Buffer.allocUnsafe(BLOCK_KEY_BYTES);
  bytes.writeUInt16BE(key.topic, 0);
  bytes.writeUInt16BE(key.partition, 2);
  bytes.writeUInt32BE(Math.floor(key.first / TWO_32), 4);
  bytes.writeUInt32BE(key.first % TWO_32, 8);
  bytes.writeUInt32BE(key.count, 12);
  bytes.writeUInt32BE(key.bytes, 16);
  bytes.writeDoubleBE(key.appendedUs, 20);
  setSegment(bytes, key.segment);
  return bytes;
}

/** Turns the key of one segment into that of another of the same block. */
export function setSegment(bytes: Buffer, segment: number): void {
  bytes.writeUInt16BE(segment, 28);
}

export function readBlockKey(bytes: Buffer): BlockKey {
  return {
    topic: bytes.readUInt16BE(0),
    partition: bytes.readUInt16BE(2),
    first: bytes.readUInt32BE(4) * TWO_32 + bytes.readUInt32BE(8),
    count: bytes.readUInt32BE(12),
    bytes: bytes.readUInt32BE(16),
    appendedUs: bytes.readDoubleBE(20),
    segment: bytes.readUInt16BE(28),
  };
}

/** Lies before every block of the partition that starts at `first` or later, and behind all that start earlier. */
export function seekKey(topic: number, partition: number, first: number): Buffer {
  return blockKeyBytes({ topic, partition, first, count: 0, bytes: 0, appendedUs: 0, segment: 0 });
}
