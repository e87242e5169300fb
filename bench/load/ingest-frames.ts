import { type Field, field } from '../../columnar/schema.js';
import { white } from '../../devices/fleet/noise.js';
import { pad8 } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';

const BLOCKS = 17;

/**
 * Packed frames of float32 columns for a WebSocket, as two pieces: a head that is written anew for each frame, and one
 * of a few ready-made data blocks. The mask is zero, which RFC 6455 allows, so that no byte has to be changed.
 */
export class IngestFrames {
  private readonly fields: Field[];
  private readonly blocks: Buffer[];
  private readonly scratch: Buffer;

  constructor(
    private readonly stream: string,
    private readonly rows: number,
    columns: number,
    private readonly stepUs: number,
  ) {
    this.fields = Array.from({ length: columns }, (_, i) => field(`c${String(i).padStart(2, '0')}`, 'f32'));
    this.blocks = Array.from({ length: BLOCKS }, (_, block) => dataBlock(rows, columns, block));
    this.scratch = Buffer.alloc(packedBytesMax(this.batch(0, 0, this.fields)) + 16);
  }

  block(seq: number): Buffer {
    return this.blocks[seq % BLOCKS]!;
  }

  /** WebSocket header and Avro record up to the data block. The first frame of a connection describes the columns. */
  head(seq: number, t0Us: number, isFirst: boolean): Buffer {
    const { scratch } = this;
    const at = 14;
    // The record ends in the length of its data, zero here, one byte; the true length takes its place.
    const end = writePacked(this.batch(seq, t0Us, isFirst ? this.fields : []), scratch, at) - 1;
    const data = this.block(seq).length;
    const headEnd = writeLong(scratch, end, data);
    const payload = headEnd - at + data;
    const header = payload < 126 ? 6 : payload < 65_536 ? 8 : 14;
    const start = at - header;
    scratch[start] = 0x82;
    if (header === 6) scratch[start + 1] = 0x80 | payload;
    else if (header === 8) {
      scratch[start + 1] = 0xfe;
      scratch.writeUInt16BE(payload, start + 2);
    } else {
      scratch[start + 1] = 0xff;
      scratch.writeUInt32BE(0, start + 2);
      scratch.writeUInt32BE(payload, start + 6);
    }
    scratch.fill(0, at - 4, at);
    return Buffer.from(scratch.subarray(start, headEnd));
  }

  private batch(seq: number, t0Us: number, columns: Field[]) {
    const nothing = Buffer.alloc(0);
    const { stream, rows, stepUs } = this;
    return { seq, stream, schema: 1, columns, t0Us, periodUs: stepUs, rows, nulls: nothing, data: nothing };
  }
}

/** Smooth signals with noise, as sensors give them: neither constant nor random. */
function dataBlock(rows: number, columns: number, block: number): Buffer {
  const each = pad8(rows * 4);
  const data = Buffer.alloc(each * columns);
  for (let c = 0; c < columns; c++) {
    const cells = new Float32Array(data.buffer, data.byteOffset + c * each, rows);
    for (let i = 0; i < rows; i++) cells[i] = 10 * Math.sin((block * rows + i) / (50 + c)) + white(block * 1000 + c, i);
  }
  return data;
}

/** Avro's zigzag variable-length long; returns the position behind it. */
function writeLong(target: Buffer, at: number, value: number): number {
  let left = value * 2;
  let end = at;
  while (left >= 128) {
    target[end++] = (left % 128) | 128;
    left = Math.floor(left / 128);
  }
  target[end++] = left;
  return end;
}
