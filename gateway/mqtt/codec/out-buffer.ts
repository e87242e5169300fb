/** Collects packets to send, so that they leave in one write. What `take` returns is not touched again. */
export class OutBuffer {
  private bytes: Buffer | null = null;
  private used = 0;

  get length(): number {
    return this.used;
  }

  /** Makes room for `count` bytes, which the caller fills from the returned buffer's `offset` on. */
  reserve(count: number): Buffer {
    let bytes = this.bytes;
    if (bytes === null) this.bytes = bytes = Buffer.allocUnsafe(Math.max(count, 64));
    else if (this.used + count > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, this.used + count));
      bytes.copy(larger, 0, 0, this.used);
      this.bytes = bytes = larger;
    }
    this.offset = this.used;
    this.used += count;
    return bytes;
  }
  /** Where the last reservation starts. */
  offset = 0;

  take(): Buffer | null {
    const bytes = this.bytes;
    if (bytes === null || this.used === 0) return null;
    const taken = bytes.subarray(0, this.used);
    this.bytes = null;
    this.used = 0;
    return taken;
  }
}

/** Bytes of a Variable Byte Integer. */
export function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}

/** Writes a Variable Byte Integer and returns the position behind it. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest > 127) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

export function writeU16(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}

/** Writes a length-prefixed text of `length` bytes in UTF-8. */
export function writeText(bytes: Buffer, at: number, text: string, length: number): number {
  const to = writeU16(bytes, at, length);
  bytes.write(text, to, length, 'utf8');
  return to + length;
}
