import type { ColumnType, Field } from '../columnar/schema.js';
import { PitwallError } from '../core/errors.js';
import { COLUMNS_MAX } from '../core/limits.js';
import type { PackedBatch } from './packed-batch.js';

/** As in telemetry-batch.avsc. */
const COLUMN_TYPES: readonly ColumnType[] = ['f64', 'f32', 'i64', 'i32', 'i16', 'u8', 'bool', 'utf8'];
/** The least a described column takes: its name's length, its type, scale and offset. */
const COLUMN_BYTES_MIN = 18;
const TWO_28 = 2 ** 28;
const DOUBLE_BYTES = 8;
const NO_FIELDS: Field[] = [];

/**
 * A packed batch that was read: numbers, and where its bytes are. Bytes and texts are looked at when asked for, since a
 * view of them costs more than reading a small batch does. Valid as long as the bytes it was read from.
 */
export class ReadPackedBatch implements PackedBatch {
  private ownData: Buffer | null = null;
  private ownNulls: Buffer | null = null;

  constructor(
    private readonly bytes: Buffer,
    readonly seq: number,
    private readonly streamAt: number,
    private readonly streamEnd: number,
    readonly schema: number,
    readonly columns: Field[],
    readonly t0Us: number,
    readonly periodUs: number,
    readonly rows: number,
    private readonly nullsAt: number,
    readonly nullBytes: number,
    /** The buffer that its bytes are in, whole, and where its data block begins there. */
    readonly view: DataView,
    readonly dataAt: number,
    readonly dataBytes: number,
  ) {}

  get stream(): string {
    return this.bytes.toString('utf8', this.streamAt, this.streamEnd);
  }

  get nulls(): Buffer {
    this.ownNulls ??= this.bytes.subarray(this.nullsAt, this.nullsAt + this.nullBytes);
    return this.ownNulls;
  }

  get data(): Buffer {
    this.ownData ??= this.bytes.subarray(this.bytes.length - this.dataBytes);
    return this.ownData;
  }
}

/**
 * Reads one `TelemetryBatch` that fills `bytes` exactly, of which every count and length is held against the bytes that
 * are there. The Avro form only: `checkPacked` holds its content to account. Throws `bad-payload` or `too-many-columns`.
 *
 * Written out, since every record on its way to a processor is read so: through the Avro library it takes several times
 * as long, and its arrays have to be walked before for the counts they state.
 */
export function readPacked(bytes: Buffer): ReadPackedBatch {
  const reader = new FrameReader(bytes);
  const seq = reader.long();
  const streamBytes = reader.length();
  const streamAt = reader.skip(streamBytes);
  const schema = reader.long();
  const columns = reader.columns();
  const t0Us = reader.long();
  const periodUs = reader.double();
  const rows = reader.long();
  const nullBytes = reader.length();
  const nullsAt = reader.skip(nullBytes);
  const dataBytes = reader.length();
  const dataAt = reader.skip(dataBytes);
  if (reader.left > 0) throw refuse('bad-payload', `has ${reader.left} bytes after its last field`);
  return new ReadPackedBatch(
    bytes,
    seq,
    streamAt,
    streamAt + streamBytes,
    schema,
    columns,
    t0Us,
    periodUs,
    rows,
    nullsAt,
    nullBytes,
    viewOf(bytes),
    bytes.byteOffset + dataAt,
    dataBytes,
  );
}

/** The sender's number of a frame, 0 = none, without reading the rest. */
export function readSequence(bytes: Buffer): number {
  return new FrameReader(bytes).long();
}

/** Of the buffer that was read from last: neighbouring records are parts of one block. */
let lastBuffer: ArrayBufferLike = new ArrayBuffer(0);
let lastView: DataView = new DataView(lastBuffer);

function viewOf({ buffer }: Buffer): DataView {
  if (buffer !== lastBuffer) {
    lastBuffer = buffer;
    lastView = new DataView(buffer);
  }
  return lastView;
}

class FrameReader {
  private pos = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.pos;
  }

  long(): number {
    const byte = this.bytes[this.pos]!;
    if (byte < 0x80) {
      this.pos++;
      return (byte >>> 1) ^ -(byte & 1);
    }
    return this.longOfMany();
  }

  private longOfMany(): number {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 28 * 2; shift += 7) {
      if (this.pos >= bytes.length) throw cutOff();
      const byte = bytes[this.pos++]!;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else high |= (byte & 0x7f) << (shift - 28);
      if (byte < 0x80) return unzigzag(low, high * TWO_28);
    }
    // The ninth byte and the tenth.
    let more = 0;
    for (let factor = 1; factor <= 128; factor *= 128) {
      if (this.pos >= bytes.length) throw cutOff();
      const byte = bytes[this.pos++]!;
      more += (byte & 0x7f) * factor;
      if (byte < 0x80) return unzigzag(low, (high + more * TWO_28) * TWO_28);
    }
    throw refuse('bad-payload', 'has a number of more than ten bytes');
  }

  double(): number {
    return this.bytes.readDoubleLE(this.skip(DOUBLE_BYTES));
  }

  /** Of a text, or of bytes. */
  length(): number {
    const length = this.long();
    if (length < 0) throw refuse('bad-payload', `has a text of length ${length}`);
    return length;
  }

  /** Returns where it was. */
  skip(bytes: number): number {
    const at = this.pos;
    if (bytes > this.bytes.length - at) throw cutOff();
    this.pos = at + bytes;
    return at;
  }

  /** Avro writes an array in blocks of a stated count; a negative one is followed by the block's bytes. */
  columns(): Field[] {
    let count = this.long();
    if (count === 0) return NO_FIELDS;
    const fields: Field[] = [];
    for (; count !== 0; count = this.long()) {
      if (count < 0) {
        this.long();
        count = -count;
      }
      if (count * COLUMN_BYTES_MIN > this.left) {
        const { length } = this.bytes;
        throw refuse('bad-payload', `says it describes ${count} columns, more than its ${length} bytes can hold`);
      }
      if (fields.length + count > COLUMNS_MAX) {
        const columns = fields.length + count;
        throw refuse('too-many-columns', `describes ${columns} columns; the limit is ${COLUMNS_MAX}`);
      }
      for (let i = 0; i < count; i++) fields.push(this.column());
    }
    return fields;
  }

  private column(): Field {
    const bytes = this.length();
    const at = this.skip(bytes);
    const name = this.bytes.toString('utf8', at, at + bytes);
    const number = this.long();
    const type = COLUMN_TYPES[number];
    if (type === undefined) {
      const most = COLUMN_TYPES.length - 1;
      throw refuse('bad-payload', `gives column "${name}" the type number ${number}; 0 to ${most} are known`);
    }
    return { name, type, scale: this.double(), offset: this.double() };
  }
}

function unzigzag(low: number, rest: number): number {
  // The sum is even, and exact up to 2^54.
  const number = low % 2 === 0 ? (low + rest) / 2 : -(low + 1 + rest) / 2;
  if (Number.isSafeInteger(number)) return number;
  throw refuse('bad-payload', 'has a number beyond 2^53, which is not taken');
}

function cutOff(): PitwallError {
  return refuse('bad-payload', 'ends before its last field: a length in it lies');
}

function refuse(code: 'bad-payload' | 'too-many-columns', why: string): PitwallError {
  return new PitwallError(code, `the frame ${why}`, { stage: 'decode' });
}
