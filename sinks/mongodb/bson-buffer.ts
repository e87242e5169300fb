const TWO_32 = 4294967296;
const ZERO = 48;

/** Types of elements, of https://bsonspec.org/spec.html. */
export const BSON = {
  double: 0x01,
  text: 0x02,
  document: 0x03,
  array: 0x04,
  bool: 0x08,
  date: 0x09,
  null: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const;

/** BSON in the making, written straight into bytes. The caller makes room first; numbers take 8 bytes. */
export class BsonBuffer {
  bytes: Buffer;
  at = 0;
  private view: DataView;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
    this.view = viewOf(this.bytes);
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  /** What was written, in memory that nothing is written to any more. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = Buffer.alloc(0);
    this.view = viewOf(this.bytes);
    this.at = 0;
    return taken;
  }

  copy(from: Uint8Array): void {
    this.bytes.set(from, this.at);
    this.at += from.length;
  }

  /** Bytes in words as `wordsOf` makes them. The caller makes room for whole words. */
  copyWords(words: Int32Array, length: number): void {
    const { view, at } = this;
    for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i]!, true);
    this.at = at + length;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  int32(value: number): void {
    this.view.setInt32(this.at, value, true);
    this.at += 4;
  }

  setInt32(at: number, value: number): void {
    this.view.setInt32(at, value, true);
  }

  double(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** A whole number within ±2^53 as int64. */
  int64(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.words(value - high * TWO_32, high);
  }

  /** An int64 from its halves. */
  words(low: number, high: number): void {
    const { view, at } = this;
    view.setInt32(at, low, true);
    view.setInt32(at + 4, high, true);
    this.at = at + 8;
  }

  /** A whole number of 0 and more, below 2^31, as text; takes up to 10 bytes. */
  digits(value: number): void {
    let count = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) count++;
    const end = (this.at += count);
    let rest = value;
    for (let i = 1; i <= count; i++) {
      const tens = (rest / 10) | 0;
      this.bytes[end - i] = ZERO + rest - tens * 10;
      rest = tens;
    }
  }

  /** The length of a document that began at `start`, which is at its end now. */
  endDocument(start: number): void {
    this.bytes[this.at++] = 0;
    this.view.setInt32(start, this.at - start, true);
  }
}

/** Type and name, as they stand before the value of each element. */
export function elementStart(type: number, name: string): Buffer {
  return Buffer.concat([Buffer.of(type), Buffer.from(name), Buffer.of(0)]);
}

/** A text with its length and its end. */
export function textValue(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const value = Buffer.allocUnsafe(bytes + 5);
  value.writeInt32LE(bytes + 1, 0);
  value.write(text, 4);
  value[bytes + 4] = 0;
  return value;
}

export function textElement(name: string, value: string): Buffer {
  return Buffer.concat([elementStart(BSON.text, name), textValue(value)]);
}

/** An element with a document of elements that are made already. */
export function documentElement(name: string, elements: readonly Uint8Array[], type: number = BSON.document): Buffer {
  return Buffer.concat([elementStart(type, name), documentOf(elements)]);
}

export function documentOf(elements: readonly Uint8Array[]): Buffer {
  const length = elements.reduce((sum, each) => sum + each.length, 5);
  const head = Buffer.alloc(4);
  head.writeInt32LE(length, 0);
  return Buffer.concat([head, ...elements, Buffer.of(0)]);
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
