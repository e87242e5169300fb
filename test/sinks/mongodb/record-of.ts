import type { CellArray, Column } from '../../../columnar/batch.js';
import { type Field, Schema } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';

/** 2024-03-22T12:38:31.123Z. */
export const START_US = 1_711_111_111_123_000;
/** As logs call it: with the identity of the log. */
export const TOPIC = 'telemetry@0123456789abcdef';

type Cells = readonly (number | bigint | boolean | string | null)[];

export interface RecordSpec {
  stream?: string;
  tags?: Record<string, string>;
  topic?: string;
  partition?: number;
  offset?: number;
  /** Microseconds from `START_US`; as many as rows. */
  times: readonly number[];
  /** Columns with their raw cells. */
  columns: readonly [Field, Cells][];
}

export function recordOf(spec: RecordSpec): SinkBatch {
  const {
    stream = 'car/44/imu',
    tags = { car: '44' },
    topic = TOPIC,
    partition = 0,
    offset = 0,
    times,
    columns,
  } = spec;
  const batch = {
    stream,
    schema: new Schema(columns.map(([field]) => field)),
    rows: times.length,
    timeUs: Float64Array.from(times, (time) => START_US + time),
    columns: columns.map(([field, cells]) => columnOf(field, cells)),
  };
  return { batch, topic, partition, offset, key: 'car/44', tags, receivedUs: START_US };
}

function columnOf({ type }: Field, cells: Cells): Column {
  const dictionary = type === 'utf8' ? cells.map((cell) => String(cell ?? '')) : null;
  const nulls = new Uint8Array((cells.length + 7) >> 3);
  cells.forEach((cell, row) => {
    if (cell === null) nulls[row >> 3]! |= 1 << (row & 7);
  });
  const numbers = cells.map((cell, row) => (type === 'utf8' ? row : Number(cell ?? 0)));
  return { values: valuesOf(type, cells, numbers), nulls: cells.includes(null) ? nulls : null, dictionary };
}

function valuesOf(type: Field['type'], cells: Cells, numbers: readonly number[]): CellArray {
  switch (type) {
    case 'f64':
      return Float64Array.from(numbers);
    case 'f32':
      return Float32Array.from(numbers);
    case 'i64':
      return BigInt64Array.from(cells, (cell) => BigInt(cell ?? 0));
    case 'i32':
    case 'utf8':
      return Int32Array.from(numbers);
    case 'i16':
      return Int16Array.from(numbers);
    default:
      return Uint8Array.from(numbers);
  }
}
