import { CELL_BYTES, type Schema } from '../../columnar/schema.js';
import type { ByteSource } from '../../schemas/avro-views.js';
import { evenPeriodUs, pack, pad8, readTimes, unpack, writeOwnTimes } from '../../schemas/data-block.js';
import type { PackedBatch } from '../../schemas/packed-batch.js';
import type { ReadPackedBatch } from '../../schemas/read-packed.js';

const NO_BYTES = Buffer.alloc(0);
/** Up to here words are copied one by one: a view of so few bytes would cost more. */
const FEW_BYTES = 256;

/**
 * Several packed batches of one stream and one schema as one, in the given order; as `pack(unpack(…))`, whose conditions
 * apply. Cells without nulls and texts go straight from the batches to where the whole is written: a burst of small ones
 * is many pieces.
 */
export function joinPacked(parts: readonly ReadPackedBatch[], stream: string, schema: Schema): PackedBatch {
  const isPlain = schema.fields.every(({ type }) => type !== 'utf8') && parts.every(({ nullBytes }) => nullBytes === 0);
  if (!isPlain) return pack(unpack(parts, stream, schema));
  let rows = 0;
  for (const part of parts) rows += part.rows;
  const timeUs = new Float64Array(rows);
  const starts: number[] = [];
  let at = 0;
  for (const part of parts) {
    starts.push(readTimes(part, timeUs, at));
    at += part.rows;
  }
  const periodUs = evenPeriodUs(timeUs, rows);
  const data = new JoinedCells(parts, starts, schema, timeUs, periodUs);
  return {
    seq: 0,
    stream,
    schema: schema.fingerprint,
    columns: [],
    t0Us: timeUs[0]!,
    periodUs,
    rows,
    nulls: NO_BYTES,
    data,
  };
}

/** The data block, laid out when it is written. */
class JoinedCells implements ByteSource {
  readonly byteLength: number;

  constructor(
    private readonly parts: readonly ReadPackedBatch[],
    /** Where the first column of each begins. */
    private readonly starts: readonly number[],
    private readonly schema: Schema,
    private readonly timeUs: Float64Array,
    private readonly periodUs: number,
  ) {
    let bytes = periodUs === 0 ? timeUs.length * 8 : 0;
    for (const { type } of schema.fields) bytes += pad8(timeUs.length * CELL_BYTES[type]);
    this.byteLength = bytes;
  }

  copyTo(target: Buffer, start: number): void {
    const { parts, timeUs, schema } = this;
    const rows = timeUs.length;
    let at = start;
    if (this.periodUs === 0) at = writeOwnTimes(timeUs, rows, target, at);
    const cursors = [...this.starts];
    const targetWords = new DataView(target.buffer, target.byteOffset, target.length);
    for (const { type } of schema.fields) {
      const width = CELL_BYTES[type];
      let to = at;
      for (let p = 0; p < parts.length; p++) {
        const part = parts[p]!;
        const from = cursors[p]!;
        const size = part.rows * width;
        if (size > FEW_BYTES || size % 4 !== 0) target.set(part.data.subarray(from, from + size), to);
        else copyWords(part.view, part.dataAt + from, targetWords, to, size);
        to += size;
        cursors[p] = from + pad8(size);
      }
      at += pad8(rows * width);
      target.fill(0, to, at);
    }
  }
}

function copyWords(from: DataView, at: number, target: DataView, to: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) target.setInt32(to + i, from.getInt32(at + i));
}
