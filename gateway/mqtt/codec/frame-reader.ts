import type { ByteBudget } from '../../../core/byte-budget.js';
import { malformed } from '../mqtt-fault.js';

export interface FrameHandler {
  /**
   * A packet that is cut: may throw to refuse it before its bytes are kept. `length` is its Remaining Length, 0 while
   * that is not known.
   */
  announced(first: number, length: number): void;
  /** One packet: `bytes[start, end)` is what follows the fixed header, valid during the call. False stops reading. */
  frame(first: number, bytes: Buffer, start: number, end: number): boolean;
}

/**
 * Cuts the byte stream of a connection into packets. A packet that is whole in a chunk is read in place; one that is
 * cut is put together in a buffer that grows with what has arrived, never with what a header promises, and counts in
 * the byte budget.
 */
export class FrameReader {
  private readonly header = Buffer.alloc(5);
  private headerBytes = 0;
  private body: Buffer | null = null;
  private bodyBytes = 0;
  private bodyLength = 0;

  constructor(
    private readonly handler: FrameHandler,
    private readonly budget: ByteBudget,
  ) {}

  /** Bytes of an unfinished packet. */
  get partialBytes(): number {
    return this.headerBytes + this.bodyBytes;
  }

  /** Reads `chunk` and returns how much of it was used: all of it, unless the handler stopped. */
  read(chunk: Buffer): number {
    let at = 0;
    if (this.headerBytes > 0) {
      at = this.body ? this.fill(chunk, 0) : this.startCut(chunk);
      if (at < 0) return -at;
    }
    const end = chunk.length;
    while (end - at >= 2) {
      const first = chunk[at];
      let length = chunk[at + 1];
      let from = at + 2;
      if (length > 127) {
        const bytes = lengthBytes(chunk, at + 1, end);
        if (bytes === 0) break;
        length = lengthOf(chunk, at + 1, bytes);
        from = at + 1 + bytes;
      }
      if (end - from < length) {
        this.handler.announced(first, length);
        chunk.copy(this.header, 0, at, from);
        this.headerBytes = from - at;
        this.begin(length, end - from);
        this.fill(chunk, from);
        return end;
      }
      at = from + length;
      if (!this.handler.frame(first, chunk, from, at)) return at;
    }
    if (at < end) {
      this.handler.announced(chunk[at], 0);
      this.headerBytes = chunk.copy(this.header, 0, at, end);
    }
    return end;
  }

  /** Forgets an unfinished packet. */
  clear(): void {
    if (this.body) this.budget.release(this.body.length);
    this.body = null;
    this.headerBytes = this.bodyBytes = this.bodyLength = 0;
  }

  /** Goes on with a fixed header that was cut. Negative: the handler stopped there. */
  private startCut(chunk: Buffer): number {
    let at = 0;
    for (;;) {
      const bytes = this.headerBytes > 1 ? lengthBytes(this.header, 1, this.headerBytes) : 0;
      if (bytes > 0) break;
      if (at === chunk.length) return at;
      this.header[this.headerBytes++] = chunk[at++];
    }
    const length = lengthOf(this.header, 1, this.headerBytes - 1);
    this.handler.announced(this.header[0], length);
    if (chunk.length - at >= length) {
      const first = this.header[0];
      this.headerBytes = 0;
      return this.handler.frame(first, chunk, at, at + length) ? at + length : -(at + length);
    }
    this.begin(length, chunk.length - at);
    return this.fill(chunk, at);
  }

  private begin(length: number, present: number): void {
    this.bodyLength = length;
    this.bodyBytes = 0;
    this.body = Buffer.allocUnsafe(Math.min(length, Math.max(present, 4096)));
    this.budget.take(this.body.length);
  }

  /** Takes what belongs to the unfinished packet from `chunk[at…]`. Negative: the handler stopped there. */
  private fill(chunk: Buffer, at: number): number {
    const count = Math.min(this.bodyLength - this.bodyBytes, chunk.length - at);
    let body = this.body!;
    if (this.bodyBytes + count > body.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.bodyLength, Math.max(body.length * 2, this.bodyBytes + count)));
      body.copy(larger, 0, 0, this.bodyBytes);
      this.budget.take(larger.length - body.length);
      this.body = body = larger;
    }
    chunk.copy(body, this.bodyBytes, at, at + count);
    this.bodyBytes += count;
    if (this.bodyBytes < this.bodyLength) return at + count;
    const length = this.bodyLength;
    this.body = null;
    this.headerBytes = this.bodyBytes = this.bodyLength = 0;
    try {
      return this.handler.frame(this.header[0], body, 0, length) ? at + count : -(at + count);
    } finally {
      this.budget.release(body.length);
    }
  }
}

/** Bytes of the Remaining Length at `at`, 0 when it is not whole before `end`. At most four, in the shortest form. */
function lengthBytes(bytes: Buffer, at: number, end: number): number {
  for (let i = 0; i < 4; i++) {
    if (at + i >= end) return 0;
    const byte = bytes[at + i];
    if (byte > 127) continue;
    if (byte === 0 && i > 0) throw malformed('Remaining Length is longer than needed');
    return i + 1;
  }
  throw malformed('Remaining Length has more than four bytes');
}

function lengthOf(bytes: Buffer, at: number, count: number): number {
  let length = 0;
  for (let i = 0; i < count; i++) length |= (bytes[at + i] & 0x7f) << (7 * i);
  return length;
}
