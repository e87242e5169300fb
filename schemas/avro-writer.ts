const TWO_32 = 4294967296;

/** Bytes an Avro `long` takes at most. */
export const LONG_BYTES_MAX = 10;

/** Writes a whole number within ±2^53 as an Avro `long` (zigzag, then 7 bits a byte); returns the position behind it. */
export function writeLong(value: number, target: Uint8Array, at: number): number {
  if (value < 1073741824 && value >= -1073741824) {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 127) {
      target[at++] = rest | 128;
      rest >>>= 7;
    }
    target[at++] = rest;
    return at;
  }
  const high = Math.floor(value / TWO_32);
  return writeLongWords(value - high * TWO_32, high, target, at);
}

/** As `writeLong`, from the two halves of a 64-bit integer. */
export function writeLongWords(low: number, high: number, target: Uint8Array, at: number): number {
  const sign = high >> 31;
  let top = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
  let rest = ((low << 1) ^ sign) >>> 0;
  while (top !== 0 || rest > 127) {
    target[at++] = (rest & 127) | 128;
    rest = ((rest >>> 7) | (top << 25)) >>> 0;
    top >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** A text as Avro writes it: its length in bytes, then the bytes. */
export function avroText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(LONG_BYTES_MAX);
  return Buffer.concat([head.subarray(0, writeLong(bytes.length, head, 0)), bytes]);
}
