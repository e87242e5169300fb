import { PitwallError } from '../core/errors.js';
import { COLUMNS_MAX } from '../core/limits.js';

/** The least a described column takes: its name's length, its type, scale and offset. */
const COLUMN_BYTES_MIN = 18;
/** A 64-bit number in seven-bit groups. */
const VARINT_BYTES_MAX = 10;

/**
 * Walks the header of a `TelemetryBatch` up to the end of its columns. Avro writes an array in blocks of a stated count,
 * and avsc makes room and loops for whatever count is stated: here every count is held against the bytes that are there.
 * Throws `bad-payload` or `too-many-columns`.
 */
export function checkFrame(bytes: Buffer): void {
  const header = new HeaderReader(bytes);
  header.long();
  header.text();
  header.long();
  let columns = 0;
  for (let count = header.long(); count !== 0; count = header.long()) {
    if (count < 0) {
      header.long();
      count = -count;
    }
    columns += count;
    if (count * COLUMN_BYTES_MIN > header.left) {
      throw refuse('bad-payload', `says it describes ${count} columns, more than its ${bytes.length} bytes can hold`);
    }
    if (columns > COLUMNS_MAX) {
      throw refuse('too-many-columns', `describes ${columns} columns; the limit is ${COLUMNS_MAX}`);
    }
    for (let i = 0; i < count; i++) {
      header.text();
      header.long();
      header.skip(16);
    }
  }
}

/** The sender's number of a frame, 0 = none, without reading the rest. */
export function readSequence(bytes: Buffer): number {
  return new HeaderReader(bytes).long();
}

class HeaderReader {
  private pos = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.pos;
  }

  /** A zigzag number; beyond ±2^53 the nearest double, which no caller takes. */
  long(): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (this.pos >= bytes.length) throw cutOff();
      const byte = bytes[this.pos++]!;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw refuse('bad-payload', 'has a number of more than ten bytes');
  }

  text(): void {
    const length = this.long();
    if (length < 0) throw refuse('bad-payload', `has a text of length ${length}`);
    this.skip(length);
  }

  skip(bytes: number): void {
    if (bytes > this.left) throw cutOff();
    this.pos += bytes;
  }
}

function cutOff(): PitwallError {
  return refuse('bad-payload', 'ends before its last field: a length in it lies');
}

function refuse(code: 'bad-payload' | 'too-many-columns', why: string): PitwallError {
  return new PitwallError(code, `the frame ${why}`, { stage: 'decode' });
}
