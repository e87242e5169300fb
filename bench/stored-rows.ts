import { type BusReader, TELEMETRY_TOPIC } from '../bus/bus.js';
import { LogBus } from '../bus/log/log-bus.js';
import { FreshRecords } from '../pipeline/lanes/fresh-records.js';
import { readTimes } from '../schemas/data-block.js';
import { type ReadPackedBatch, readPacked } from '../schemas/read-packed.js';

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
  const bus = LogBus.open({ dir: logDir, readOnly: true });
  try {
    return await countRows(bus, expected);
  } finally {
    await bus.close();
  }
}

/** Counts the rows of a topic as its readers take them: what stands there twice with the same origin counts once. */
export async function countRows(
  bus: BusReader,
  expected: readonly ExpectedRows[],
  topic = TELEMETRY_TOPIC,
): Promise<StoredRows> {
  const seen = new Map<string, { range: ExpectedRows; bits: Uint8Array }[]>();
  for (const range of expected) {
    const ranges = seen.get(range.stream) ?? [];
    ranges.push({ range, bits: new Uint8Array(range.rows) });
    seen.set(range.stream, ranges);
  }
  let stored = 0;
  let surplus = 0;
  let times = new Float64Array(0);
  await eachBatch(bus, topic, (stream, packed) => {
    if (times.length < packed.rows) times = new Float64Array(packed.rows);
    readTimes(packed, times, 0);
    stored += packed.rows;
    const ranges = seen.get(stream);
    for (let row = 0; row < packed.rows; row++) if (!mark(ranges, times[row]!)) surplus++;
  });
  let lost = 0;
  for (const { bits } of [...seen.values()].flat()) for (const bit of bits) if (bit === 0) lost++;
  return { stored, lost, duplicated: surplus };
}

/**
 * Gives the batches of a topic, up to the end that it has at the beginning. On the embedded log each record stands once, and
 * what stands there twice is given twice.
 */
async function eachBatch(
  bus: BusReader,
  topic: string,
  take: (stream: string, packed: ReadPackedBatch) => void,
): Promise<void> {
  for (let partition = 0; partition < bus.partitions; partition++) {
    const fresh = bus instanceof LogBus ? null : new FreshRecords(bus);
    const end = await bus.end(topic, partition);
    for (let offset = 0; offset < end; ) {
      const run = await bus.read(topic, partition, offset, READ_BYTES);
      offset = run.next;
      for (const record of run.records) {
        if (fresh?.isNew(record) === false || record.kind !== 'data') continue;
        take(record.stream, fresh ? fresh.rows(record).packed : readPacked(record.value));
      }
    }
  }
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
