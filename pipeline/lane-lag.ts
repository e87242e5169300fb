import { TELEMETRY_TOPIC } from '../bus/bus.js';
import type { LogBus } from '../bus/log/log-bus.js';
import { nowUs } from '../core/clock.js';
import type { LaneStatus } from './lane-status.js';

/** A lane that has records to read, or a step that does not end, and has not moved on for so long is stuck. */
const STUCK_MS = 60_000;

/** How far a lane is behind what is on the bus. */
export interface LaneLag {
  /** Records that are not durable behind it yet. */
  records: number;
  /** About so many rows, as it has read so many a record up to now. */
  rows: number;
  /**
   * How long ago the last record that it has read was received. The time of receipt, since the event time of a recording
   * that is replayed says nothing of how late anything is.
   */
  seconds: number;
  /** It has something to read and gets nowhere. */
  stuck: boolean;
}

/** `log` is the embedded bus, null where it is Kafka and lanes say themselves how far it goes. */
export function laneLag(lane: LaneStatus, log: LogBus | null): LaneLag {
  let records = lane.outputLag;
  for (const { topic, partition, offset } of log ? lane.positions : []) {
    if (topic === TELEMETRY_TOPIC) records += Math.max(0, log!.end(topic, partition) - offset);
  }
  const rows = lane.records === 0 ? records : Math.round((records * lane.rows) / lane.records);
  const seconds = lane.readUs > 0 && records > 0 ? Math.max(0, (nowUs() - lane.readUs) / 1e6) : 0;
  return {
    records,
    rows,
    seconds,
    stuck: (lane.unread > 0 || lane.acting) && performance.now() - lane.movedMs > STUCK_MS,
  };
}
