import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { Position } from '../../sinks/sink.js';
import { closeAll, openTopic } from '../bus-reader.js';
import type { Config, SinkConfig } from '../config/config.js';
import { type BusPoint, partitionRange } from '../reprocess/bus-point.js';

/** Where a point on the bus is in each partition of what a branch reads; throws where it is not kept any more. */
export async function rewindPositions(config: Config, sink: SinkConfig, point: BusPoint): Promise<Position[]> {
  const topics = new Set(sink.from.map((input) => ('processor' in input ? input.processor : TELEMETRY_TOPIC)));
  const positions: Position[] = [];
  for (const topic of topics) {
    const open = await openTopic(config, topic);
    try {
      for (const place of open) {
        const { from } = await partitionRange(place, point, null);
        positions.push({ topic: place.topic, partition: place.partition, offset: from });
      }
    } finally {
      await closeAll(open);
    }
  }
  return positions;
}
