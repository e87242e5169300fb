const SLOTS = 8192;
/** Longer texts are decoded each time: they are rare, and the cache stays small. */
const TEXT_BYTES_MAX = 512;

interface Entry {
  bytes: Buffer;
  text: string;
}

/**
 * Texts by their UTF-8 bytes, so that a topic seen before costs no decoding and gives the same string again. Shared by
 * all connections; a direct-mapped table, so colliding texts only push each other out.
 */
export class TextCache {
  private readonly entries: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);

  /** `decode` checks the bytes and throws for what is no text here. */
  constructor(private readonly decode: (bytes: Buffer, start: number, end: number) => string) {}

  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > TEXT_BYTES_MAX) return this.decode(bytes, start, end);
    // FNV-1a, 32 bits.
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const entry = this.entries[slot];
    if (entry !== undefined && entry.bytes.length === length) {
      const known = entry.bytes;
      let i = 0;
      while (i < length && known[i] === bytes[start + i]) i++;
      if (i === length) return entry.text;
    }
    const text = this.decode(bytes, start, end);
    this.entries[slot] = { bytes: Buffer.from(bytes.subarray(start, end)), text };
    return text;
  }
}
