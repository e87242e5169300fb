import { setTimeout as sleep } from 'node:timers/promises';
import type { PitwallError } from '../../core/errors.js';
import type { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import type { Position } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';

const READ_BYTES = 4 * 1024 * 1024;
const PARTITION = 0;
const MISSES_MAX = 50;
const MISS_MS = 100;

/** A position as a message of the positions topic, which is compacted: the last one of a key counts. */
export function positionMessage(sink: string, { topic, partition, offset }: Position): { key: string; value: Buffer } {
  return { key: JSON.stringify([sink, topic, partition]), value: Buffer.from(String(offset)) };
}

/**
 * The committed positions of a sink's input partitions. Their producers have been initialised, so whatever was begun
 * with their transactional ids has its end in the topic.
 *
 * It reads past transactions of others that are open, which a reader of committed messages must wait for: their
 * partitions are not those asked for. So it tells by the ends of transactions itself what was committed.
 */
export async function readPositions(
  fetcher: KafkaFetcher,
  topic: string,
  sink: string,
  partitions: ReadonlySet<number>,
): Promise<Position[]> {
  const { start, end } = await fetcher.bounds(topic, PARTITION);
  const kept = new Map<string, Position>();
  const begun = new Map<string, [key: string, position: Position][]>();
  for (let next = start, misses = 0; next < end; ) {
    const messages = await fetcher.take(topic, PARTITION, next, READ_BYTES);
    if (messages.length === 0) {
      // To go on without the rest would write rows twice.
      if (++misses > MISSES_MAX) throw unreadable(sink, topic, next, end);
      await sleep(MISS_MS);
      continue;
    }
    misses = 0;
    next = messages.at(-1)!.offset + 1;
    for (const { key, value, transaction } of messages) {
      if (!transaction) continue;
      const { producerId } = transaction;
      if (transaction.end !== null) {
        if (transaction.end === 'commit') for (const [name, at] of begun.get(producerId) ?? []) kept.set(name, at);
        begun.delete(producerId);
        continue;
      }
      const position = positionOf(key, value, sink);
      if (!position || !partitions.has(position.partition)) continue;
      const parts = begun.get(producerId);
      if (parts) parts.push([key!.toString(), position]);
      else begun.set(producerId, [[key!.toString(), position]]);
    }
  }
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

function unreadable(sink: string, topic: string, next: number, end: number): PitwallError {
  const what = `topic ${topic} gives nothing at offset ${next}, though it reaches to ${end}`;
  return sinkFailed(`kafka sink "${sink}": ${what}: has it a leader, and is it in order?`, true);
}
