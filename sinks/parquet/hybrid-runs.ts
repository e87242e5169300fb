import { ByteWriter } from 'hyparquet-writer';
import { PackedBytes } from './packed-bytes.js';

const GROUP = 8;

/**
 * Values of `width` bits (1 to 16) as runs of one value, and groups of eight where there is none. Parquet format: "Run
 * Length Encoding / Bit-Packing Hybrid". The bytes are those of hyparquet-writer's `writeRleBitPackedHybrid`, which takes
 * two to three times as long.
 */
export function hybridRuns(values: Uint16Array, width: number): Uint8Array {
  const count = values.length;
  // A run costs up to five bytes and its value, packed groups their bits and up to five.
  const out = new PackedBytes(Math.ceil(count / GROUP) * (Math.max(width, 2) + 5) + 16);
  const pack = (from: number, to: number): void => {
    if (from === to) return;
    out.varInt((Math.ceil((to - from) / GROUP) << 1) | 1);
    out.pack(values, from, to, width);
  };
  let packedFrom = 0;
  for (let at = 0; at < count; ) {
    const end = runEnd(values, at, count);
    if (end - at < GROUP) {
      at += GROUP;
      continue;
    }
    pack(packedFrom, at);
    out.varInt((end - at) << 1);
    for (let bits = 0; bits < width; bits += 8) out.byte(values[at]! >> bits);
    at = packedFrom = end;
  }
  pack(packedFrom, count);
  return out.bytes;
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
