import type { Message } from 'kafkajs';
import { crc32c } from './crc32c.js';
import type { ProducerIdentity } from './kafka-internals.js';

/**
 * Kafka's record batch, version 2: a head of fixed size, and the records, compressed as a whole. kafkajs makes the same
 * bytes with a buffer of its own for every record, batch and request that it copies into the next one, each twice as large as
 * the one before as it grows.
 */
export interface PackedBatch {
  topic: string;
  partition: number;
  count: number;
  firstTimestamp: number;
  lastTimestamp: number;
  /** Kafka's number of the compression. */
  compression: number;
  records: Buffer;
}

/** Compresses the records of a batch; the buffer is used again once it has. Null: it returns them as they are. */
export type Compress = ((records: Buffer) => Promise<Buffer>) | null;

export const BATCH_HEAD_BYTES = 61;
/** What the checksum covers begins here, behind the checksum itself. */
const CHECKED_AT = 21;
/** Of the length, which counts what is behind it. */
const LENGTH_END = 12;
const MAGIC = 2;

/** The head of a batch, for a producer whose next message to the partition has the number `firstSequence`. */
export function batchHead(
  { count, firstTimestamp, lastTimestamp, compression, records }: PackedBatch,
  { producerId, producerEpoch }: ProducerIdentity,
  firstSequence: number,
): Buffer {
  const head = Buffer.alloc(BATCH_HEAD_BYTES);
  head.writeInt32BE(BATCH_HEAD_BYTES - LENGTH_END + records.length, 8);
  head.writeInt8(MAGIC, 16);
  head.writeInt16BE(compression, CHECKED_AT);
  head.writeInt32BE(count - 1, 23);
  head.writeBigInt64BE(BigInt(firstTimestamp), 27);
  head.writeBigInt64BE(BigInt(lastTimestamp), 35);
  head.writeBigInt64BE(BigInt(producerId), 43);
  head.writeInt16BE(producerEpoch, 51);
  head.writeInt32BE(firstSequence, 53);
  head.writeInt32BE(count, 57);
  head.writeUInt32BE(crc32c(records, crc32c(head.subarray(CHECKED_AT))), 17);
  return head;
}

/** Makes batches. Not for concurrent use. */
export class BatchPacker {
  private scratch = Buffer.alloc(0);

  constructor(
    private readonly compression: number,
    private readonly compress: Compress,
  ) {}

  /** The messages of a partition as one batch. */
  async pack(topic: string, partition: number, messages: readonly Message[]): Promise<PackedBatch> {
    const now = Date.now();
    const times = messages.map(({ timestamp }) => (timestamp === undefined ? now : Number(timestamp)));
    const firstTimestamp = times[0]!;
    let lastTimestamp = firstTimestamp;
    const bodies: number[] = [];
    let bytes = 0;
    for (const [i, message] of messages.entries()) {
      lastTimestamp = Math.max(lastTimestamp, times[i]!);
      const body = bodyBytes(message, times[i]! - firstTimestamp, i);
      bodies.push(body);
      bytes += signedBytes(body) + body;
    }
    const buffer = this.room(bytes);
    let at = 0;
    for (const [i, message] of messages.entries()) {
      at = putSigned(buffer, at, bodies[i]!);
      at = putBody(buffer, at, message, times[i]! - firstTimestamp, i);
    }
    const { compression, compress } = this;
    const records = compress ? await compress(buffer) : buffer;
    return { topic, partition, count: messages.length, firstTimestamp, lastTimestamp, compression, records };
  }

  private room(bytes: number): Buffer {
    if (!this.compress) return Buffer.allocUnsafeSlow(bytes);
    if (this.scratch.length < bytes) this.scratch = Buffer.allocUnsafeSlow(bytes + (bytes >>> 2));
    return this.scratch.subarray(0, bytes);
  }
}

type Bytes = Buffer | string | null | undefined;

function bodyBytes({ key, value, headers }: Message, timeDelta: number, offsetDelta: number): number {
  let bytes = 1 + signedBytes(timeDelta) + signedBytes(offsetDelta) + sizedBytes(key) + sizedBytes(value);
  let count = 0;
  for (const [name, header] of headerPairs(headers)) {
    bytes += sizedBytes(name) + sizedBytes(header);
    count++;
  }
  return bytes + signedBytes(count);
}

function putBody(
  to: Buffer,
  start: number,
  { key, value, headers }: Message,
  timeDelta: number,
  offsetDelta: number,
): number {
  let at = start;
  to[at++] = 0;
  at = putSigned(to, at, timeDelta);
  at = putSigned(to, at, offsetDelta);
  at = putSized(to, at, key);
  at = putSized(to, at, value);
  const pairs = headerPairs(headers);
  at = putSigned(to, at, pairs.length);
  for (const [name, header] of pairs) {
    at = putSized(to, at, name);
    at = putSized(to, at, header);
  }
  return at;
}

function headerPairs(headers: Message['headers']): [name: string, value: Bytes][] {
  const pairs: [string, Bytes][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) for (const each of value) pairs.push([name, each]);
    else pairs.push([name, value]);
  }
  return pairs;
}

function lengthOf(bytes: Buffer | string): number {
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length;
}

function sizedBytes(bytes: Bytes): number {
  if (bytes === null || bytes === undefined) return 1;
  const length = lengthOf(bytes);
  return signedBytes(length) + length;
}

/** Behind their length, which is -1 where there are none. */
function putSized(to: Buffer, at: number, bytes: Bytes): number {
  if (bytes === null || bytes === undefined) return putSigned(to, at, -1);
  const length = lengthOf(bytes);
  const start = putSigned(to, at, length);
  if (typeof bytes === 'string') to.write(bytes, start);
  else to.set(bytes, start);
  return start + length;
}

/** A whole number with its sign in the lowest bit, seven bits a byte, the lowest first. */
function putSigned(to: Buffer, start: number, value: number): number {
  let at = start;
  let left = zigzag(value);
  for (; left >= 0x80; left = Math.floor(left / 0x80)) to[at++] = (left % 0x80) | 0x80;
  to[at++] = left;
  return at;
}

function signedBytes(value: number): number {
  let bytes = 1;
  for (let left = zigzag(value); left >= 0x80; left = Math.floor(left / 0x80)) bytes++;
  return bytes;
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}
