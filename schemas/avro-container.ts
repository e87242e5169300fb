import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import { avroText, LONG_BYTES_MAX, writeLong } from './avro-writer.js';
import { RowAvro } from './row-avro.js';

const MAGIC = Buffer.from('Obj\x01');
const SYNC_BYTES = 16;
const BLOCK_BYTES = 256 * 1024;

/**
 * Rows of one stream as an Avro object container file (Avro specification 1.11, "Object Container Files"), with the rows of
 * `RowAvro`, compressed with `deflate` unless told otherwise. `metadata` goes into the header beside the schema.
 */
export function avroContainer(
  batch: Batch,
  tags: Readonly<Record<string, string>>,
  isCompressed: boolean,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const rows = new RowAvro(batch.stream, batch.schema as Schema, tags);
  const sync = randomBytes(SYNC_BYTES);
  const header = {
    'avro.schema': rows.schemaText,
    'avro.codec': isCompressed ? 'deflate' : 'null',
    ...metadata,
  };
  const entries = Object.entries(header).flatMap(([name, value]) => [avroText(name), avroText(value)]);
  const parts: Uint8Array[] = [MAGIC, long(entries.length / 2), ...entries, long(0), sync];
  rows.load(batch);
  let block = Buffer.allocUnsafe(BLOCK_BYTES + rows.rowBytesMax);
  let [at, count] = [0, 0];
  for (let row = 0; row < batch.rows; row++) {
    at = rows.write(row, block, at);
    count++;
    if (at < BLOCK_BYTES && row < batch.rows - 1) continue;
    const bytes = block.subarray(0, at);
    const data = isCompressed ? deflateRawSync(bytes) : bytes;
    parts.push(long(count), long(data.length), data, sync);
    if (!isCompressed) block = Buffer.allocUnsafe(block.length);
    at = count = 0;
  }
  return Buffer.concat(parts);
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(LONG_BYTES_MAX);
  return bytes.subarray(0, writeLong(value, bytes, 0));
}
