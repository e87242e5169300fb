import { ByteWriter } from 'hyparquet-writer';

const GROUP = 8;

/**
 * Values of `width` bits (1 to 16) as runs of one value and packed groups of eight, whichever is shorter. Parquet format:
 * "Run Length Encoding / Bit-Packing Hybrid".
 */
export function hybridRuns(values: Uint16Array, count: number, width: number): Uint8Array {
  const out = new HybridWriter(values, width, Math.ceil(count / GROUP));
  let packedFrom = 0;
  for (let at = 0; at < count; ) {
    const end = runEnd(values, at, count);
    if (end - at < GROUP) {
      at += GROUP;
      continue;
    }
    out.pack(packedFrom, at);
    out.run(values[at]!, end - at);
    at = packedFrom = end;
  }
  out.pack(packedFrom, count);
  return out.bytes();
}

/** One run of the same value, `width` bits wide. */
export function runOf(count: number, value: number, width: number): Uint8Array {
  const writer = new ByteWriter(16);
  writer.appendVarInt(count << 1);
  for (let bits = 0; bits < width; bits += 8) writer.appendUint8((value >> bits) & 0xff);
  return writer.getBytes();
}

/** Groups of eight values whose bits fill `bytes`. */
export function packed(groups: number, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(bytes.length + 8);
  writer.appendVarInt((groups << 1) | 1);
  writer.appendBytes(bytes);
  return writer.getBytes();
}

function runEnd(values: Uint16Array, from: number, count: number): number {
  const value = values[from]!;
  let at = from + 1;
  while (at < count && values[at] === value) at++;
  return at;
}

class HybridWriter {
  private readonly out: Uint8Array;
  private at = 0;

  constructor(
    private readonly values: Uint16Array,
    private readonly width: number,
    groups: number,
  ) {
    // A run costs up to five bytes and its value, a packed group its bits and up to five.
    this.out = new Uint8Array(groups * (Math.max(width, 2) + 5) + 16);
  }

  run(value: number, count: number): void {
    this.varInt(count * 2);
    for (let bits = 0; bits < this.width; bits += 8) this.out[this.at++] = (value >> bits) & 0xff;
  }

  /** Whole groups but for the last ones of all, which zeros fill up. */
  pack(from: number, to: number): void {
    if (from === to) return;
    const { values, width, out } = this;
    const groups = Math.ceil((to - from) / GROUP);
    this.varInt(groups * 2 + 1);
    const end = this.at + groups * width;
    let { at } = this;
    let word = 0;
    let bits = 0;
    for (let i = from; i < to; i++) {
      word |= values[i]! << bits;
      bits += width;
      while (bits >= 8) {
        out[at++] = word;
        word >>>= 8;
        bits -= 8;
      }
    }
    if (bits > 0) out[at] = word;
    this.at = end;
  }

  bytes(): Uint8Array {
    return this.out.subarray(0, this.at);
  }

  private varInt(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.out[this.at++] = (rest & 0x7f) | 0x80;
    this.out[this.at++] = rest;
  }
}
