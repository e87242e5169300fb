import type { BusRecord } from '../../../bus/bus.js';
import type { LogBus } from '../../../bus/log/log-bus.js';

/** Everything of a partition from `offset` on, with the values copied, read in runs of about `bytesMax`. */
export function readAll(bus: LogBus, topic: string, partition: number, offset = 0, bytesMax = 1 << 16): BusRecord[] {
  const records: BusRecord[] = [];
  for (let at = offset; ; ) {
    const run = bus.read(topic, partition, at, bytesMax);
    if (run.records.length === 0) return records;
    for (const record of run.records) records.push({ ...record, value: Buffer.from(record.value) });
    at = run.next;
  }
}
