import { TELEMETRY_TOPIC } from '../bus/bus.js';
import { LogBus } from '../bus/log/log-bus.js';
import { readTimes } from '../schemas/data-block.js';
import { readPacked } from '../schemas/packed-batch.js';

/** Rows that one stream is expected to hold: one every `stepUs` from `firstUs` on. */
export interface ExpectedRows {
  stream: string;
  firstUs: number;
  stepUs: number;
  rows: number;
}

export interface StoredRows {
  stored: number;
  /** Expected and not there. */
  lost: number;
  /** There more than once, or not expected at all. */
  duplicated: number;
}

const READ_BYTES = 8 * 1024 * 1024;

/** Counts the rows in a log, each by its stream and time. The gateway need not run. */
export async function countStoredRows(logDir: string, expected: readonly ExpectedRows[]): Promise<StoredRows> {
  const seen = new Map<string, { range: ExpectedRows; bits: Uint8Array }[]>();
  for (const range of expected) {
    const ranges = seen.get(range.stream) ?? [];
    ranges.push({ range, bits: new Uint8Array(range.rows) });
    seen.set(range.stream, ranges);
  }
  let stored = 0;
  let surplus = 0;
  let times = new Float64Array(0);
  const bus = LogBus.open({ dir: logDir, readOnly: true });
  try {
    for (let partition = 0; partition < bus.partitions; partition++) {
      for (let offset = 0; ; ) {
        const run = bus.read(TELEMETRY_TOPIC, partition, offset, READ_BYTES);
        if (run.records.length === 0) break;
        offset = run.next;
        for (const record of run.records) {
          if (record.kind !== 'data') continue;
          const packed = readPacked(record.value);
          if (times.length < packed.rows) times = new Float64Array(packed.rows);
          readTimes(packed, times, 0);
          stored += packed.rows;
          const ranges = seen.get(record.stream);
          for (let row = 0; row < packed.rows; row++) if (!mark(ranges, times[row]!)) surplus++;
        }
      }
    }
  } finally {
    await bus.close();
  }
  let lost = 0;
  for (const { bits } of [...seen.values()].flat()) for (const bit of bits) if (bit === 0) lost++;
  return { stored, lost, duplicated: surplus };
}

/** Marks the row of that time; false when it was marked before or nobody expects it. */
function mark(ranges: readonly { range: ExpectedRows; bits: Uint8Array }[] | undefined, timeUs: number): boolean {
  if (!ranges) return false;
  for (const { range, bits } of ranges) {
    const place = (timeUs - range.firstUs) / range.stepUs;
    if (!(place >= 0 && place < range.rows) || !Number.isInteger(place)) continue;
    if (bits[place] === 1) return false;
    bits[place] = 1;
    return true;
  }
  return false;
}
