import type { Batch } from '../../columnar/batch.js';
import { avroContainer } from '../../schemas/avro-container.js';
import { gzipped } from '../gzip.js';
import type { ParquetRows } from '../parquet/parquet-columns.js';
import { encodeParquet } from '../parquet/parquet-encoder.js';
import { sortedRows } from '../parquet/sorted-rows.js';
import { jsonlDialect } from '../text/row-dialect.js';
import { type EncodeCounts, RowEncoder } from '../text/row-encoder.js';
import { TextBuffer } from '../text/text-buffer.js';
import type { OpenObject } from './open-object.js';
import type { S3Compression, S3Format } from './s3-sink-options.js';

export interface EncodedObject {
  bytes: Uint8Array;
  contentType: string;
}

const CHUNK_BYTES = 256 * 1024;
const CONTENT_TYPES: Record<S3Format, string> = {
  parquet: 'application/vnd.apache.parquet',
  jsonl: 'application/x-ndjson',
  avro: 'application/avro',
};

export function extensionOf(format: S3Format, compression: S3Compression): string {
  return format === 'jsonl' && compression === 'gzip' ? 'jsonl.gz' : format;
}

/** A closed object's rows, by time, as the bytes of a file. What needs no thread of its own is done when this returns. */
export async function encodeObject(
  object: OpenObject,
  metadata: Record<string, string>,
  format: S3Format,
  compression: S3Compression,
  counts: EncodeCounts,
): Promise<EncodedObject> {
  const { stream, tags } = object;
  const rows = sortedRows(object.rows);
  const contentType = CONTENT_TYPES[format];
  switch (format) {
    case 'parquet': {
      const parts: Buffer[] = [];
      const keep = (bytes: Uint8Array) => void parts.push(Buffer.from(bytes));
      encodeParquet({ stream, tags, rows, metadata }, compression === 'snappy', keep);
      return { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), contentType };
    }
    case 'avro':
      return { bytes: avroContainer(batchOf(stream, rows), tags, compression === 'gzip', metadata), contentType };
    case 'jsonl': {
      const lines = jsonLines(batchOf(stream, rows), tags, counts);
      if (compression === 'none') return { bytes: lines, contentType };
      return { bytes: await gzipped(lines), contentType: 'application/gzip' };
    }
  }
}

function jsonLines(batch: Batch, tags: OpenObject['tags'], counts: EncodeCounts): Buffer {
  const encoder = new RowEncoder(jsonlDialect, batch.stream, batch.schema, tags, counts);
  const out = new TextBuffer(CHUNK_BYTES + 64 * 1024);
  const parts: Buffer[] = [];
  const full = (): void => {
    parts.push(Buffer.from(out.bytes.subarray(0, out.at)));
    out.at = 0;
  };
  encoder.encode(batch, out, CHUNK_BYTES, [], full);
  full();
  return Buffer.concat(parts);
}

function batchOf(stream: string, { rows, timeUs, schema, columns }: ParquetRows): Batch {
  return {
    stream,
    schema,
    rows,
    timeUs,
    columns: columns.map(({ field, values, nulls, dictionary }) => ({
      values,
      nulls,
      dictionary: field.type === 'utf8' ? dictionary : null,
    })),
  };
}
