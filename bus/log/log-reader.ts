import { PitwallError } from '../../core/errors.js';
import type { ReadRun } from '../bus.js';
import { BLOCK_HEADER_BYTES, blockFault, SEGMENT_BYTES_MAX } from './block-format.js';
import { type BlockKey, blockKeyBytes, readBlockKey, seekKey, setSegment } from './block-key.js';
import { type BlockPosition, readRecords, skipRecords } from './block-reader.js';
import { EMPTY_HEAD, type Head, headKey, readHead, type TopicNumbers } from './heads.js';
import type { LogStore } from './log-store.js';

const BUFFER_BYTES_MIN = 256 * 1024;
/** A buffer that one huge block made larger than this is let go as soon as less is needed. */
const BUFFER_BYTES_KEPT_MAX = 8 * 1024 * 1024;

/** A block that stands in the reader's buffer, and how far it has been read. */
interface LoadedBlock {
  topic: string;
  key: BlockKey;
  /** Where it starts in the buffer. */
  at: number;
  position: BlockPosition;
}

/**
 * Reads records by position. The blocks of a read are copied from LMDB's map into one buffer of the reader, so that
 * the records stay as they are whatever the log does next; the last one is kept for a read that goes on inside it.
 */
export class LogReader {
  private buffer = Buffer.alloc(0);
  private kept: LoadedBlock | null = null;
  private segment = new Uint8Array(0);

  constructor(
    private readonly store: LogStore,
    private readonly topics: TopicNumbers,
  ) {}

  head(topic: string, partition: number): Readonly<Head> {
    return this.store.snapshot(() => this.headNow(topic, partition));
  }

  read(topic: string, partition: number, offset: number, bytesMax: number): ReadRun {
    const kept = this.kept;
    if (kept && kept.topic === topic && kept.key.partition === partition && holds(kept.key, offset)) {
      return this.take([kept], offset, bytesMax, 0);
    }
    return this.store.snapshot(() => {
      const head = this.headNow(topic, partition);
      if (offset >= head.end) return { records: [], next: offset, dropped: 0 };
      const from = Math.max(offset, head.start);
      if (from === head.end) return { records: [], next: from, dropped: from - offset };
      return this.take(this.load(topic, partition, from, bytesMax), from, bytesMax, from - offset);
    });
  }

  /** Lets go of the buffer. */
  close(): void {
    this.kept = null;
    this.buffer = Buffer.alloc(0);
  }

  private headNow(topic: string, partition: number): Readonly<Head> {
    const number = this.topics.numberOf(topic);
    return number === undefined ? EMPTY_HEAD : (readHead(this.store, headKey(number, partition)) ?? EMPTY_HEAD);
  }

  /** The records of `blocks` from `offset` on. A record that cannot be read ends the run, or is raised if it is the first. */
  private take(blocks: readonly LoadedBlock[], offset: number, bytesMax: number, dropped: number): ReadRun {
    const run: ReadRun = { records: [], next: offset, dropped };
    let bytesLeft = bytesMax;
    for (const block of blocks) {
      if (block.position.offset > run.next) block.position = startOf(block);
      const { position } = block;
      const end = { at: block.at + block.key.bytes, offset: block.key.first + block.key.count };
      let fault = skipRecords(this.buffer, position, end, run.next);
      const from = position.at;
      fault ??= readRecords(this.buffer, position, end, bytesLeft, run.records);
      run.next = position.offset;
      if (fault) {
        if (run.records.length > 0) break;
        throw this.corrupt(block.topic, block.key, position.offset, `the record ${fault}`);
      }
      bytesLeft -= position.at - from;
      if (bytesLeft <= 0) break;
    }
    return run;
  }

  /** Loads the block that holds `from` and those behind it, up to about `bytesMax`. */
  private load(topic: string, partition: number, from: number, bytesMax: number): LoadedBlock[] {
    const keys = this.find(topic, partition, from, bytesMax);
    let bytes = 0;
    for (const key of keys) bytes += key.bytes;
    this.kept = null;
    this.reserve(bytes);
    const blocks: LoadedBlock[] = [];
    let at = 0;
    for (const key of keys) {
      const fault = this.copy(key, at) ?? blockFault(this.buffer.subarray(at, at + key.bytes), key.first, key.count);
      if (fault) {
        if (blocks.length > 0) break;
        throw this.corrupt(topic, key, key.first, `the block of ${key.count} records ${fault}`);
      }
      const block = { topic, key, at, position: { at: at + BLOCK_HEADER_BYTES, offset: key.first } };
      blocks.push(block);
      at += key.bytes;
    }
    this.kept = blocks.at(-1)!;
    return blocks;
  }

  private find(topic: string, partition: number, from: number, bytesMax: number): BlockKey[] {
    const number = this.topics.numberOf(topic)!;
    const end = seekKey(number, partition + 1, 0);
    const keys: BlockKey[] = [];
    let bytes = 0;
    let next = from;
    let start = seekKey(number, partition, from);
    for (let attempt = 0; attempt < 2; attempt++) {
      for (const keyBytes of this.store.blocks.getKeys({ start, end })) {
        const key = readBlockKey(keyBytes);
        if (key.segment !== 0) continue;
        if (keys.length === 0 ? !holds(key, from) : key.first !== next) break;
        keys.push(key);
        bytes += key.bytes;
        next = key.first + key.count;
        if (bytes >= bytesMax) break;
      }
      if (keys.length > 0) return keys;
      // `from` lies inside a block, so that block's key comes before it.
      const back = { start, end: seekKey(number, partition, 0), reverse: true, limit: 1 };
      for (const keyBytes of this.store.blocks.getKeys(back))
        start = seekKey(number, partition, readBlockKey(keyBytes).first);
    }
    throw new PitwallError(
      'corrupt-record',
      `${this.store.dir}: topic "${topic}" partition ${partition}: no block holds offset ${from}; restore the log, or read on further behind`,
      { stage: 'bus' },
    );
  }

  /** Copies a block to `at` in the buffer; answers why it cannot, or null. */
  private copy(key: BlockKey, at: number): string | null {
    const end = at + key.bytes;
    const keyBytes = blockKeyBytes(key);
    for (let to = at, segment = 0; to < end; segment++, to += SEGMENT_BYTES_MAX) {
      setSegment(keyBytes, segment);
      const length = Math.min(SEGMENT_BYTES_MAX, end - to);
      const value = this.store.blocks.getBinaryFast(keyBytes);
      if (!value) return `lacks its segment ${segment}`;
      if (value.length !== length) return `has ${value.length} bytes in segment ${segment} where ${length} are due`;
      this.buffer.set(length === SEGMENT_BYTES_MAX ? this.wholeSegment(value) : view(value, length), to);
    }
    return null;
  }

  /** A view of a whole segment in lmdb-js's buffer, which is the same one nearly always. */
  private wholeSegment(value: Buffer): Uint8Array {
    const { segment } = this;
    if (segment.buffer === value.buffer && segment.byteOffset === value.byteOffset) return segment;
    return (this.segment = view(value, SEGMENT_BYTES_MAX));
  }

  private reserve(bytes: number): void {
    const length = this.buffer.length;
    if (length >= bytes && (length <= BUFFER_BYTES_KEPT_MAX || bytes > length / 4)) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES_MIN, Math.ceil(bytes * 1.25)));
  }

  private corrupt(topic: string, key: BlockKey, offset: number, what: string): PitwallError {
    const behind = key.first + key.count;
    return new PitwallError(
      'corrupt-record',
      `${this.store.dir}: topic "${topic}" partition ${key.partition} offset ${offset}: ${what}; restore the log from a copy, or read on from offset ${behind}`,
      { stage: 'bus', cause: { topic, partition: key.partition, offset, next: behind } },
    );
  }
}

/** The start of lmdb-js's shared buffer, whose own `length` is that of the value and cannot be trusted by `set`. */
function view(value: Buffer, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, length);
}

function startOf(block: LoadedBlock): BlockPosition {
  return { at: block.at + BLOCK_HEADER_BYTES, offset: block.key.first };
}

function holds(key: BlockKey, offset: number): boolean {
  return offset >= key.first && offset < key.first + key.count;
}
