import type { SinkBatch } from '../../../sinks/sink.js';
import { recordOf as plainRecordOf, type RecordSpec, START_US } from '../record-of.js';

export { START_US };

/** As logs call it: with the identity of the log. */
export const TOPIC = 'telemetry@0123456789abcdef';

export function recordOf(spec: RecordSpec): SinkBatch {
  return plainRecordOf({ topic: TOPIC, tags: { car: '44' }, ...spec });
}
