import { committedMessages } from '../../kafka/committed-messages.js';
import type { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import type { Position } from '../sink.js';

const PARTITION = 0;

/** A position as a message of the positions topic, which is compacted: the last one of a key counts. */
export function positionMessage(sink: string, { topic, partition, offset }: Position): { key: string; value: Buffer } {
  return { key: JSON.stringify([sink, topic, partition]), value: Buffer.from(String(offset)) };
}

/**
 * The committed positions of a sink's input partitions. Their producers have been initialised, so whatever was begun
 * with their transactional ids has its end in the topic; what others have begun is not waited for.
 */
export async function readPositions(
  fetcher: KafkaFetcher,
  topic: string,
  sink: string,
  partitions: ReadonlySet<number>,
): Promise<Position[]> {
  const kept = new Map<string, Position>();
  const committed = committedMessages(fetcher, topic, PARTITION, {
    endsMs: 0,
    take: ({ key, value, transaction }) => {
      const position = transaction ? positionOf(key, value, sink) : null;
      return position && partitions.has(position.partition) ? { name: String(key), position } : null;
    },
  });
  for await (const { name, position } of committed) kept.set(name, position);
  return [...kept.values()];
}

/** Null where it is another sink's, or nothing that this sink writes. */
function positionOf(key: Buffer | null, value: Buffer | null, sink: string): Position | null {
  try {
    const [name, topic, partition] = JSON.parse(String(key)) as [unknown, unknown, unknown];
    const offset = Number(value?.toString() ?? Number.NaN);
    const isOne = name === sink && typeof topic === 'string' && Number.isInteger(partition) && Number.isInteger(offset);
    return isOne ? { topic, partition: partition as number, offset } : null;
  } catch {
    return null;
  }
}
