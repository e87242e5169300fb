import { LineEncoder } from '../../sinks/influxdb/line-encoder.js';
import { LineTemplate } from '../../sinks/influxdb/line-template.js';
import { TextBuffer } from '../../sinks/text/text-buffer.js';
import { COLUMNS, encoderBatches } from './encoder-batches.js';
import type { EncoderCase, EncoderPass } from './encoder-case.js';

const REQUEST_BYTES = 1024 * 1024;
const ROWS = 20_000;

/** Records to InfluxDB's lines, in requests of 1 MiB. */
export function linePass({ data, rows }: EncoderCase): EncoderPass {
  const batches = encoderBatches(data, ROWS / rows, rows);
  const template = new LineTemplate({ measurement: null, tags: null, fields: null, precision: 'ns' });
  const counts = { nonFinite: 0, emptyRows: 0, overwriting: 0 };
  const { stream, schema } = batches[0]!;
  const tags = { car: '44' };
  const encoder = new LineEncoder(template, stream, schema, tags, counts, (_, row, reason) => {
    throw new Error(`row ${row}: ${reason}`);
  });
  const records = batches.map((batch, offset) => {
    return { batch, topic: 'telemetry', partition: 0, offset, key: 'car/44', tags, receivedUs: batch.timeUs[0]! };
  });
  const out = new TextBuffer(REQUEST_BYTES + 64 * 1024);
  return {
    values: ROWS * COLUMNS,
    run() {
      let bytes = 0;
      for (const record of records) {
        for (let row = 0; row < rows; ) {
          row = encoder.encode(record, row, rows, out, REQUEST_BYTES);
          if (out.at < REQUEST_BYTES) continue;
          bytes += out.at;
          out.at = 0;
        }
      }
      bytes += out.at;
      out.at = 0;
      return bytes;
    },
    check() {
      if (counts.emptyRows + counts.nonFinite + counts.overwriting > 0) throw new Error('the batches lose cells');
    },
  };
}
