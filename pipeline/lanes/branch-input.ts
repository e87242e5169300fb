import type { BusReader } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { PitwallError } from '../../core/errors.js';
import type { FreshRecords } from './fresh-records.js';

/** A partition of a topic that the branch reads. */
export interface BranchInput {
  topic: string;
  partition: number;
  /** Null while its log is not there yet. */
  bus: BusReader | null;
  folder: string;
  /** Null where every record stands on the bus once. */
  fresh: FreshRecords | null;
  /** Topic and identity of its log, for the sink: positions in a log that was deleted must not count in a new one. */
  sinkTopic: string;
  /** The next offset to read. */
  offset: number;
  /** What is before is in the store, and is only read for what it says of repetitions. */
  fedFrom: number;
  /** Offset from which the store would have to be fed again. */
  durable: number;
  /** Receive time of the last record, microseconds since 1970. */
  readUs: number;
}

export function branchInput(topic: string, partition: number, folder: string): BranchInput {
  return {
    topic,
    partition,
    bus: null,
    folder,
    fresh: null,
    sinkTopic: '',
    offset: 0,
    fedFrom: 0,
    durable: 0,
    readUs: 0,
  };
}

/** Records from `offset` on. */
export async function behind({ bus, topic, partition }: BranchInput, offset: number): Promise<number> {
  if (!bus) return 0;
  return bus.behind?.(topic, partition, offset) ?? Math.max(0, (await bus.end(topic, partition)) - offset);
}

/** Null while its writer is only just making it. */
export function openIfMade(dir: string, partitions: number): LogBus | null {
  try {
    return LogBus.open({ dir, partitions, readOnly: true });
  } catch (error) {
    if (error instanceof PitwallError && error.code === 'bus-failed') return null;
    throw error;
  }
}
