import type { Sink, SinkBatch } from '../../sinks/sink.js';
import type { SinkRecords } from './sink-records.js';

/** As lanes read and flush. */
const WRITE_BYTES = 1024 * 1024;
export const FLUSH_MS = 250;

/** Feeds records `from` to `to` (exclusive) as a branch does, until the sink has made them durable. */
export async function drive(sink: Sink, records: SinkRecords, from: number, to: number): Promise<void> {
  const count = Math.max(1, Math.ceil(WRITE_BYTES / records.recordBytes));
  let flushedMs = performance.now();
  for (let next = from; next < to; ) {
    const group: SinkBatch[] = [];
    while (group.length < count && next < to) group.push(records.at(next++));
    await sink.write(group);
    if (performance.now() - flushedMs < FLUSH_MS) continue;
    await sink.flush(false);
    flushedMs = performance.now();
  }
  await sink.flush(true);
}
