import { setTimeout as sleep } from 'node:timers/promises';
import { PitwallError } from '../../core/errors.js';
import { kafkaFault } from '../../kafka/kafka-fault.js';
import { type FetchedMessage, isOutOfRange, type KafkaFetcher } from '../../kafka/kafka-fetcher.js';

export interface PartitionSource {
  fetcher: KafkaFetcher;
  topic: string;
  partition: number;
}

export interface ReadLimits {
  /** Stop behind so much, be it before the end. */
  bytesMax?: number;
  /** So often in a row a fetch may fail, or bring nothing although there is something. */
  missesMax?: number;
}

const TAKE_BYTES = 1024 * 1024;
const MISSES_MAX = 10;
const MISS_MS = 200;

/**
 * Gives `visit` what the partition holds from `from` on, in order, and returns where its end was. When a record that was
 * to be read has been replaced and removed meanwhile, that which replaced it is read as well: what has been visited is
 * the partition as of the returned offset.
 */
export async function readPartition(
  { fetcher, topic, partition }: PartitionSource,
  from: number,
  visit: (messages: readonly FetchedMessage[]) => void,
  { bytesMax = Number.POSITIVE_INFINITY, missesMax = MISSES_MAX }: ReadLimits = {},
): Promise<number> {
  let position = from;
  let bytes = 0;
  for (let misses = 0; ; misses++) {
    try {
      const messages = await fetcher.take(topic, partition, position, TAKE_BYTES);
      if (messages.length > 0) {
        visit(messages);
        position = messages.at(-1)!.offset + 1;
        misses = -1;
        for (const { key, value } of messages) bytes += (key?.length ?? 0) + (value?.length ?? 0);
        if (bytes >= bytesMax) return position;
        continue;
      }
      const { end } = await fetcher.bounds(topic, partition);
      if (position >= end) return position;
      if (misses >= missesMax) throw unreadable(topic, partition, position, end);
    } catch (error) {
      if (isOutOfRange(error)) throw kafkaFault(error, `reading ${topic}`);
      if (!(error as PitwallError).retryable || misses >= missesMax) throw error;
    }
    await sleep(MISS_MS);
  }
}

function unreadable(topic: string, partition: number, position: number, end: number): PitwallError {
  const where = `partition ${partition} of ${topic}`;
  return new PitwallError(
    'bus-failed',
    `${where} gives nothing at offset ${position}, though it reaches to ${end}: has it a leader, and is it in order?`,
    { stage: 'bus', retryable: true },
  );
}
