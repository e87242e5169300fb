import { LineEncoder } from '../../sinks/influxdb/line-encoder.js';
import { LineTemplate } from '../../sinks/influxdb/line-template.js';
import { TextBuffer } from '../../sinks/text/text-buffer.js';
import { COLUMNS, encoderBatches } from './encoder-batches.js';
import type { EncoderCase, EncoderResult } from './encoder-case.js';

/**
 * A child process that encodes batches in memory, over and over, in one thread, and throws the bytes away. Its case and
 * for how long are its arguments, the result goes over IPC.
 */
const REQUEST_BYTES = 1024 * 1024;
const ROWS = 20_000;
const { data, rows } = JSON.parse(process.argv[2]!) as EncoderCase;
const durationMs = Number(process.argv[3]);

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

/** All batches once; returns the bytes of their lines. */
function pass(): number {
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
}

for (const end = performance.now() + durationMs / 4; performance.now() < end; ) pass();
const cpu = process.cpuUsage();
const startMs = performance.now();
let values = 0;
let bytes = 0;
for (const end = startMs + durationMs; performance.now() < end; values += ROWS * COLUMNS) bytes += pass();
const seconds = (performance.now() - startMs) / 1000;
const used = process.cpuUsage(cpu);
if (counts.emptyRows + counts.nonFinite + counts.overwriting > 0) throw new Error('the batches lose cells');
const result: EncoderResult = { values, bytes, seconds, cpuSeconds: (used.user + used.system) / 1e6 };
process.send!(result, () => process.disconnect());
