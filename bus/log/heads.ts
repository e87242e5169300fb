import { PitwallError } from '../../core/errors.js';
import type { LogStore } from './log-store.js';

/** Where one partition of one topic stands. */
export interface Head {
  /** First offset kept. */
  start: number;
  /** Offset of the next record. */
  end: number;
  /** What it takes on disk, nearly. */
  storedBytes: number;
  /** Records that were dropped before every registered reader had passed them. */
  dropped: number;
}

const HEAD_BYTES = 32;
export const EMPTY_HEAD: Readonly<Head> = Object.freeze({ start: 0, end: 0, storedBytes: 0, dropped: 0 });

export function headKey(topic: number, partition: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt16BE(topic, 0);
  key.writeUInt16BE(partition, 2);
  return key;
}

export function writeHead(head: Head): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes.writeDoubleBE(head.start, 0);
  bytes.writeDoubleBE(head.end, 8);
  bytes.writeDoubleBE(head.storedBytes, 16);
  bytes.writeDoubleBE(head.dropped, 24);
  return bytes;
}

/** Call it inside a snapshot. */
export function readHead(store: LogStore, key: Buffer): Head | undefined {
  const bytes = store.heads.getBinaryFast(key);
  if (!bytes) return undefined;
  if (bytes.length !== HEAD_BYTES) {
    throw new PitwallError(
      'corrupt-record',
      `${store.dir}: the head of topic ${key.readUInt16BE(0)} partition ${key.readUInt16BE(2)} is ${bytes.length} bytes long`,
      { stage: 'bus' },
    );
  }
  return {
    start: bytes.readDoubleBE(0),
    end: bytes.readDoubleBE(8),
    storedBytes: bytes.readDoubleBE(16),
    dropped: bytes.readDoubleBE(24),
  };
}

/** Topic names and their numbers. */
export class TopicNumbers {
  private readonly known = new Map<string, number>();

  constructor(private readonly store: LogStore) {}

  /** Call it inside a snapshot. */
  numberOf(topic: string): number | undefined {
    const known = this.known.get(topic);
    if (known !== undefined) return known;
    const bytes = this.store.topics.getBinaryFast(Buffer.from(topic));
    if (!bytes) return undefined;
    const number = bytes.readUInt16BE(0);
    this.known.set(topic, number);
    return number;
  }

  all(): [topic: string, number: number][] {
    return this.store.snapshot(() =>
      [...this.store.topics.getRange({ start: Buffer.from([0]), end: Buffer.from([0xff]) })].map(({ key, value }) => [
        key.toString(),
        value.readUInt16BE(0),
      ]),
    );
  }
}
