import { LogBus, type LogBusOptions } from '../../bus/log/log-bus.js';
import { threadWatch } from '../../processors/thread-watch.js';

/**
 * The logs that this worker writes: one a partition, shared by all processors of the partition, which run in the same
 * worker. Opened with the first of them, closed with the last.
 */
const open = new Map<string, { log: LogBus; users: number }>();

export function openOutputLog(options: LogBusOptions): LogBus {
  let entry = open.get(options.dir);
  if (!entry) {
    entry = { log: LogBus.open({ ...options, owner: threadWatch.owner }), users: 0 };
    open.set(options.dir, entry);
  }
  entry.users++;
  return entry.log;
}

export async function closeOutputLog(dir: string): Promise<void> {
  const entry = open.get(dir);
  if (!entry || --entry.users > 0) return;
  open.delete(dir);
  await entry.log.close();
}
