import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { Position } from '../../sinks/sink.js';
import type { LaneSpec } from './lane.js';

/** Whether something appended to the topic is news for the lane. */
export function reads(spec: LaneSpec, topic: string): boolean {
  if (spec.kind === 'branch')
    return topic === TELEMETRY_TOPIC ? spec.patterns.length > 0 : spec.processors.includes(topic);
  return topic === TELEMETRY_TOPIC;
}

/** Where a lane begins that has never said where it is. */
export function firstPositions(spec: LaneSpec): Position[] {
  if (spec.kind === 'processors') return [{ topic: spec.input, partition: spec.partition, offset: 0 }];
  if (spec.kind === 'forward') return spec.resume;
  const topics = [...(spec.patterns.length > 0 ? spec.inputs : []), ...spec.processors];
  return topics.flatMap((topic) => spec.owned.map((partition) => ({ topic, partition, offset: 0 })));
}
