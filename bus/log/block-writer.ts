import { PitwallError } from '../../core/errors.js';
import type { RecordMeta, RecordValue } from '../bus.js';
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from './block-format.js';
import type { BufferPool } from './buffer-pool.js';

const TEXT_BYTES_MAX = 0xffff;

/** A filled block: its records are written, its header is not. */
export interface OpenBlock {
  buffer: Buffer;
  bytes: number;
  count: number;
}

/**
 * The records one commit holds for one partition. They are encoded straight into pooled buffers; a block that cannot
 * take the next record is left as it is and a larger one is started, so nothing is ever copied. `bytesHint` is how much
 * is expected, so that usually one block does.
 */
export class BlockWriter {
  readonly blocks: OpenBlock[] = [];
  private current: OpenBlock | null = null;
  bytes = 0;
  records = 0;

  constructor(
    private readonly pool: BufferPool,
    private bytesHint: number,
  ) {}

  append(meta: RecordMeta, value: RecordValue): void {
    const textsMax = 3 * (meta.key.length + meta.stream.length + meta.writer.length + meta.tags.length);
    const bytesMax = RECORD_HEADER_BYTES + textsMax + value.bytesMax;
    if (!(bytesMax <= RECORD_BYTES_MAX)) {
      throw fault(`a record of up to ${bytesMax} bytes is over the limit of ${RECORD_BYTES_MAX}`);
    }
    const block = this.room(bytesMax);
    const start = block.bytes;
    const end = writeRecord(block.buffer, start, meta, value);
    block.bytes = end;
    block.count++;
    this.bytes += end - start;
    this.records++;
  }

  /** Gives the buffers back. */
  release(): void {
    for (const block of this.blocks) this.pool.give(block.buffer);
    this.blocks.length = 0;
    this.current = null;
  }

  private room(bytes: number): OpenBlock {
    const current = this.current;
    if (current && current.bytes + bytes <= Math.min(current.buffer.length, BLOCK_BYTES_MAX)) return current;
    const wanted = Math.min(Math.max(this.bytesHint, 2 * (current?.bytes ?? 0)), BLOCK_BYTES_MAX);
    const buffer = this.pool.take(Math.max(wanted, BLOCK_HEADER_BYTES + bytes));
    this.current = { buffer, bytes: BLOCK_HEADER_BYTES, count: 0 };
    this.blocks.push(this.current);
    return this.current;
  }
}

function writeRecord(target: Buffer, start: number, meta: RecordMeta, value: RecordValue): number {
  const keyAt = start + RECORD_HEADER_BYTES;
  const streamAt = writeText(target, meta.key, keyAt);
  const writerAt = writeText(target, meta.stream, streamAt);
  const tagsAt = writeText(target, meta.writer, writerAt);
  const valueAt = writeText(target, meta.tags, tagsAt);
  if (streamAt - keyAt > TEXT_BYTES_MAX || writerAt - streamAt > TEXT_BYTES_MAX || tagsAt - writerAt > TEXT_BYTES_MAX) {
    throw fault(`the key, the stream or the writer of a record is longer than ${TEXT_BYTES_MAX} bytes`);
  }
  const end = value.write(target, valueAt);
  if (!(end >= valueAt && end <= valueAt + value.bytesMax)) {
    throw fault(`a record of stream "${meta.stream}" wrote ${end - valueAt} bytes, but announced ${value.bytesMax}`);
  }
  target.writeUInt32LE(end - start, start);
  target[start + 4] = meta.kind === 'tick' ? 1 : 0;
  target[start + 5] = 0;
  target.writeUInt16LE(streamAt - keyAt, start + 6);
  target.writeDoubleLE(meta.receivedUs, start + 8);
  target.writeDoubleLE(meta.sequence, start + 16);
  target.writeUInt16LE(writerAt - streamAt, start + 24);
  target.writeUInt16LE(tagsAt - writerAt, start + 26);
  target.writeUInt32LE(valueAt - tagsAt, start + 28);
  return end;
}

/** Writes UTF-8. Names are short and ASCII nearly always, which a loop writes faster than a call out of JavaScript. */
function writeText(target: Buffer, text: string, at: number): number {
  const length = text.length;
  if (length > 64) return at + target.write(text, at, 'utf8');
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return at + target.write(text, at, 'utf8');
    target[at + i] = code;
  }
  return at + length;
}

function fault(message: string): PitwallError {
  return new PitwallError('internal', message, { stage: 'bus' });
}
