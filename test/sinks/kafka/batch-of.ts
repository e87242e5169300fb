import { field, Schema } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';

/** One row with a text, of partition 0. */
export function batchOf(offset: number, text: string, stream = 'car/1/note', column = 'note'): SinkBatch {
  return {
    batch: {
      stream,
      schema: new Schema([field(column, 'utf8')]),
      rows: 1,
      timeUs: Float64Array.of(1_711_111_111_123_000),
      columns: [{ values: Int32Array.of(0), nulls: null, dictionary: [text] }],
    },
    topic: 'telemetry',
    partition: 0,
    offset,
    key: 'car/1',
    tags: {},
    receivedUs: 1_711_111_111_123_000,
  };
}
