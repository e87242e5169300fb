import { setTimeout as sleep } from 'node:timers/promises';
import { PitwallError } from '../core/errors.js';
import type { FetchedMessage, KafkaFetcher } from './kafka-fetcher.js';

export interface CommittedOptions<T> {
  /** What of a message is held until its transaction ends; null: nothing. */
  take(message: FetchedMessage): T | null | Promise<T | null>;
  /** How long the ends of transactions that are open at the end of the partition are waited for. */
  endsMs: number;
}

const READ_BYTES = 4 * 1024 * 1024;
const MISSES_MAX = 50;
const MISS_MS = 100;

/**
 * What was taken of the messages of a partition that were committed, or written outside of transactions, as it stands now,
 * each transaction at its end. The fetcher has to give transactions.
 *
 * It reads past transactions that are open, which a reader of committed messages must wait for, and tells by their ends
 * what was committed. kafkajs's own consumer cannot be asked: where several transactions were aborted together it may let
 * messages of some through.
 */
export async function* committedMessages<T>(
  fetcher: KafkaFetcher,
  topic: string,
  partition: number,
  { take, endsMs }: CommittedOptions<T>,
): AsyncIterable<T> {
  const { start, end } = await fetcher.bounds(topic, partition);
  const open = new Map<string, T[]>();
  const untilMs = performance.now() + endsMs;
  let misses = 0;
  for (let next = start; next < end || (open.size > 0 && performance.now() < untilMs); ) {
    const messages = await fetcher.take(topic, partition, next, READ_BYTES);
    if (messages.length === 0) {
      if (next < end && ++misses > MISSES_MAX) throw unreadable(topic, partition, next, end);
      await sleep(MISS_MS);
      continue;
    }
    misses = 0;
    next = messages.at(-1)!.offset + 1;
    for (const message of messages) {
      const { offset, transaction } = message;
      if (transaction !== null && transaction.end !== null) {
        const { producerId, end: how } = transaction;
        if (how === 'commit') yield* open.get(producerId) ?? [];
        open.delete(producerId);
        continue;
      }
      const taken = offset < end ? await take(message) : null;
      if (taken === null) continue;
      if (transaction === null) yield taken;
      else if (open.has(transaction.producerId)) open.get(transaction.producerId)!.push(taken);
      else open.set(transaction.producerId, [taken]);
    }
  }
}

function unreadable(topic: string, partition: number, next: number, end: number): PitwallError {
  // To go on without the rest would be to take it for nothing.
  const where = `topic ${topic} partition ${partition}`;
  const what = `${where} gives nothing at offset ${next}, though it reaches to ${end}: has it a leader, and is it in order?`;
  return new PitwallError('bus-failed', what, { stage: 'bus', retryable: true });
}
