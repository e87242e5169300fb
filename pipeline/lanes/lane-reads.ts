import { isTelemetry, TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { Position } from '../../sinks/sink.js';
import type { LaneSpec, ProcessorLaneSpec } from './lane.js';
import { sourceTopic } from './output-folder.js';

/** Whether something appended to the topic is news for the lane. */
export function reads(spec: LaneSpec, topic: string): boolean {
  if (spec.kind === 'branch')
    return topic === TELEMETRY_TOPIC ? spec.patterns.length > 0 : spec.processors.includes(topic);
  return spec.kind === 'processors' ? topic === spec.input : topic === TELEMETRY_TOPIC;
}

/** Where a lane begins that has never said where it is. */
export function firstPositions(spec: LaneSpec): Position[] {
  if (spec.kind === 'processors') return inputPositions(spec, 0, []);
  if (spec.kind === 'forward') return spec.resume;
  const topics = [...(spec.patterns.length > 0 ? spec.inputs : []), ...spec.processors];
  return topics.flatMap((topic) => spec.owned.map((partition) => ({ topic, partition, offset: 0 })));
}

/** Positions of a processors' lane; behind a group step on the embedded bus, one for each log it takes its share from. */
export function inputPositions(
  { input, partition, partitions, kafka }: ProcessorLaneSpec,
  offset: number,
  sources: readonly number[],
): Position[] {
  if (kafka || isTelemetry(input)) return [{ topic: input, partition, offset }];
  return Array.from({ length: partitions }, (_, from) => {
    return { topic: sourceTopic(input, from), partition, offset: sources[from] ?? 0 };
  });
}

/**
 * What lanes have read of the log that the processors of a partition write to: branches of their outputs, and lanes behind
 * a group step of what was sent there.
 */
export function outputHolds(
  { partition, level }: ProcessorLaneSpec,
  lanes: Iterable<{ spec: LaneSpec; status: { positions: readonly Position[] } }>,
): Position[] {
  const holds = new Map<string, Position>();
  for (const { spec, status } of lanes) {
    for (const position of status.positions) {
      const isOutput =
        spec.kind === 'branch'
          ? position.partition === partition && spec.levels[position.topic] === level
          : spec.kind === 'processors' &&
            spec.level === level + 1 &&
            position.topic === sourceTopic(spec.input, partition);
      if (!isOutput) continue;
      const name = `${position.topic} ${position.partition}`;
      const known = holds.get(name);
      if (!known || position.offset < known.offset) holds.set(name, position);
    }
  }
  return [...holds.values()];
}
