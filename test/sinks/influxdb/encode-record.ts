import { LineEncoder } from '../../../sinks/influxdb/line-encoder.js';
import { type LineOptions, LineTemplate } from '../../../sinks/influxdb/line-template.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { TextBuffer } from '../../../sinks/text/text-buffer.js';

export interface EncodedLines {
  bytes: Buffer;
  counts: { nonFinite: number; emptyRows: number; overwriting: number };
  refused: [row: number, reason: string][];
}

export const DEFAULTS: LineOptions = { measurement: null, tags: null, fields: null, precision: 'ns' };

/** A record's lines, by an encoder of its own; `cuts` are rows at which encoding starts anew. */
export function encodeRecord(
  record: SinkBatch,
  options: Partial<LineOptions> = {},
  cuts: readonly number[] = [],
  bytesMax = Number.POSITIVE_INFINITY,
): EncodedLines {
  const counts = { nonFinite: 0, emptyRows: 0, overwriting: 0 };
  const refused: [number, string][] = [];
  const { batch, tags } = record;
  const template = new LineTemplate({ ...DEFAULTS, ...options });
  const encoder = new LineEncoder(template, batch.stream, batch.schema, tags, counts, (_, row, reason) => {
    refused.push([row, reason]);
  });
  const parts: Buffer[] = [];
  const out = new TextBuffer(16);
  const ends = [...new Set([...cuts, batch.rows])].filter((end) => end <= batch.rows).sort((a, b) => a - b);
  let row = 0;
  for (const end of ends) {
    while (row < end) {
      row = encoder.encode(record, row, end, out, bytesMax);
      parts.push(Buffer.from(out.bytes.subarray(0, out.at)));
      out.at = 0;
    }
  }
  return { bytes: Buffer.concat(parts), counts, refused };
}

export function linesOf(record: SinkBatch, options: Partial<LineOptions> = {}): string[] {
  const text = encodeRecord(record, options).bytes.toString();
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
