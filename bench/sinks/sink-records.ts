import type { Batch } from '../../columnar/batch.js';
import type { SinkBatch } from '../../sinks/sink.js';
import { COLUMNS, encoderBatches, PERIOD_US, START_US } from '../encoders/encoder-batches.js';

export const STREAMS = 8;
export const PARTITIONS = 4;
/** Rows whose cells are made; then they come again, at other times. */
const DIFFERENT_ROWS = 64_000;
const RECEIVED_US = START_US + 3_600e6;

/** Records as a branch is fed with them: streams in turn, each 100 rows a second of ten columns, with decimals. */
export class SinkRecords {
  private readonly batches: Batch[];

  constructor(private readonly recordRows: number) {
    this.batches = encoderBatches('decimals', Math.ceil(DIFFERENT_ROWS / recordRows), recordRows);
  }

  /** Of its cells and times, about what it takes on the bus. */
  get recordBytes(): number {
    return this.recordRows * (COLUMNS + 1) * 8;
  }

  /** The record with this number from 0; the same each time. */
  at(index: number): SinkBatch {
    const { recordRows, batches } = this;
    const car = index % STREAMS;
    const turn = Math.floor(index / STREAMS);
    // Cells of one stream are not soon those of another, which compression would find.
    const base = batches[(turn + Math.floor((car * batches.length) / STREAMS)) % batches.length]!;
    const timeUs = new Float64Array(recordRows);
    const firstUs = START_US + turn * recordRows * PERIOD_US;
    for (let row = 0; row < recordRows; row++) timeUs[row] = firstUs + row * PERIOD_US;
    return {
      batch: { stream: streamOf(car), schema: base.schema, rows: recordRows, timeUs, columns: base.columns },
      topic: 'telemetry',
      partition: car % PARTITIONS,
      offset: turn * (STREAMS / PARTITIONS) + Math.floor(car / PARTITIONS),
      key: `car/${car}`,
      tags: { car: String(car) },
      receivedUs: RECEIVED_US + index,
    };
  }
}

export function streamOf(car: number): string {
  return `car/${car}/imu`;
}
