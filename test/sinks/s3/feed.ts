import { join } from 'node:path';
import { bitmapBytes, type Column } from '../../../columnar/batch.js';
import { newCells } from '../../../columnar/kernels/cells.js';
import { type ColumnType, field, Schema } from '../../../columnar/schema.js';
import { S3Sink } from '../../../sinks/s3/s3-sink.js';
import type { S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { tempDir } from '../../support/temp-dir.js';

export const START_US = Date.UTC(2024, 2, 22, 12, 59) * 1000;
export const LOG = 'telemetry@log-1';

type Cells = readonly (number | bigint | boolean | string | null)[];

/** A record from its cells, column by column, the type of each given with its name: `{ 'lap i32': [1, 1, 2] }`. */
export function recordOf(
  offset: number,
  stream: string,
  timesUs: readonly number[],
  cells: Readonly<Record<string, Cells>>,
  more: Partial<SinkBatch> = {},
): SinkBatch {
  const named = Object.entries(cells).map(
    ([name, values]) => [...name.split(' '), values] as [string, ColumnType, Cells],
  );
  const rows = timesUs.length;
  const schema = new Schema(named.map(([name, type]) => field(name, type)));
  return {
    batch: {
      stream,
      schema,
      rows,
      timeUs: Float64Array.from(timesUs),
      columns: named.map(([, type, values]) => columnOf(type, values, rows)),
    },
    topic: LOG,
    partition: 0,
    offset,
    key: stream,
    tags: {},
    receivedUs: START_US + offset * 1000,
    ...more,
  };
}

/** A record without rows, which moves position and time. */
export function tick(offset: number, receivedUs: number): SinkBatch {
  return recordOf(offset, '', [], {}, { receivedUs });
}

function columnOf(type: ColumnType, cells: Cells, rows: number): Column {
  const values = newCells(type, rows);
  const nulls = new Uint8Array(bitmapBytes(rows));
  const dictionary: string[] = [];
  for (const [i, cell] of cells.entries()) {
    if (cell === null) nulls[i >> 3]! |= 1 << (i & 7);
    else if (typeof cell === 'string') values[i] = dictionary.push(cell) - 1;
    else values[i] = typeof cell === 'boolean' ? Number(cell) : cell;
  }
  return { values, nulls, dictionary: type === 'utf8' ? dictionary : null };
}

/** A sink that is new to this machine unless `state` is that of another. */
export function sinkOf(options: S3SinkOptions, state = tempDir('s3-state'), partitions = 1): S3Sink {
  return new S3Sink('raw', options, { stateFolder: join(state), partitions });
}

/** Feeds all of it to a sink of its own, and ends in order. */
export async function feed(options: S3SinkOptions, records: readonly SinkBatch[], state?: string): Promise<void> {
  const sink = sinkOf(options, state);
  await sink.open();
  await sink.write(records);
  await sink.flush(true);
  await sink.close();
}
