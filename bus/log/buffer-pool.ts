const SMALLEST_BYTES = 16 * 1024;
const LARGEST_POOLED_BYTES = 8 * 1024 * 1024;

/**
 * Buffers in powers of two, used again. What is given back beyond `keepBytes` goes to the garbage collector, and so do
 * buffers over 8 MiB, which only single huge records need.
 */
export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private freeBytes = 0;

  constructor(private readonly keepBytes: number) {}

  /** At least `bytes` long; its content is arbitrary. */
  take(bytes: number): Buffer {
    if (bytes > LARGEST_POOLED_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const size = bytes <= SMALLEST_BYTES ? SMALLEST_BYTES : 2 ** Math.ceil(Math.log2(bytes));
    const buffer = this.free.get(size)?.pop();
    if (!buffer) return Buffer.allocUnsafeSlow(size);
    this.freeBytes -= size;
    return buffer;
  }

  /** The caller, and LMDB's writer thread, must be done with it. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size > LARGEST_POOLED_BYTES || this.freeBytes + size > this.keepBytes) return;
    const list = this.free.get(size);
    if (list) list.push(buffer);
    else this.free.set(size, [buffer]);
    this.freeBytes += size;
  }
}
