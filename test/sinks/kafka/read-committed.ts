import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { PitwallError } from '../../../core/errors.js';
import type { KafkaConnection } from '../../../kafka/kafka-connection.js';
import { KafkaFetcher } from '../../../kafka/kafka-fetcher.js';
import { TopicAdmin } from '../../../kafka/topic-admin.js';
import { uniqueName } from '../../servers/kafka-server.js';
import { asAdmin } from '../../support/kafka-admin.js';

export interface ReadMessage {
  partition: number;
  offset: number;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
  timestamp: number;
}

const LAST = 'last-';
/** So long is waited for the end of a transaction: one that a dead process has left open is not waited for. */
const MISSES_MAX = 60;
const LEADER_TRIES = 20;

/**
 * The messages of a topic that were committed, or written outside of transactions. kafkajs's own consumer cannot be
 * asked: where several transactions were aborted together it may let messages of some through, since, for one thing, it
 * takes the brokers' list of them for sorted. librdkafka does not: the tests with Python hold it against what was written.
 */
export async function readCommitted(brokers: readonly string[], topic: string): Promise<ReadMessage[]> {
  const connection = { brokers: [...brokers], tls: null, sasl: null };
  const ends = await endsOf(connection, topic);
  const fetcher = new KafkaFetcher(connection, { clientId: 'reader', transactions: true });
  try {
    const all: ReadMessage[] = [];
    for (let partition = 0; partition < ends.length; partition++)
      all.push(...(await readPartition(fetcher, topic, partition)));
    return all;
  } finally {
    await fetcher.close();
  }
}

/** The leader of a partition that was just made may not know of it yet. */
async function endsOf(connection: KafkaConnection, topic: string): Promise<number[]> {
  const admin = new TopicAdmin(connection, { clientId: 'reader' });
  try {
    for (let left = LEADER_TRIES; ; left--) {
      try {
        return (await admin.ends([topic])).get(topic) ?? [];
      } catch (error) {
        if (left === 0 || !(error instanceof PitwallError) || !error.retryable) throw error;
        await sleep(100);
      }
    }
  } finally {
    await admin.close();
  }
}

/** The values of the messages that were committed, as text, by stream and in their order. */
export async function committedRows(brokers: readonly string[], topic: string): Promise<Map<string, string[]>> {
  const rows = new Map<string, string[]>();
  for (const { headers, value } of await readCommitted(brokers, topic)) {
    const lines = rows.get(headers.stream!);
    if (lines) lines.push(value.toString());
    else rows.set(headers.stream!, [value.toString()]);
  }
  return rows;
}

async function readPartition(fetcher: KafkaFetcher, topic: string, partition: number): Promise<ReadMessage[]> {
  const committed: ReadMessage[] = [];
  const open = new Map<string, ReadMessage[]>();
  const { start, end } = await fetcher.bounds(topic, partition);
  // A commit is acknowledged before its end stands behind the messages.
  for (let next = start, misses = 0; next < end || (open.size > 0 && misses < MISSES_MAX); ) {
    const messages = await fetcher.take(topic, partition, next, 4 * 1024 * 1024);
    if (messages.length === 0) {
      if (++misses > MISSES_MAX) throw new Error(`${topic}/${partition} gives nothing at ${next}, before ${end}`);
      await sleep(50);
      continue;
    }
    misses = 0;
    next = messages.at(-1)!.offset + 1;
    for (const { offset, key, value, headers, timestampMs: timestamp, transaction } of messages) {
      if (transaction !== null && transaction.end !== null) {
        if (transaction.end === 'commit') committed.push(...(open.get(transaction.producerId) ?? []));
        open.delete(transaction.producerId);
        continue;
      }
      if (key?.toString().startsWith(LAST)) continue;
      const texts = Object.entries(headers).map(([name, text]) => [name, String(text)]);
      const read = {
        partition,
        offset,
        key: key === null ? null : key.toString(),
        value: value ?? Buffer.alloc(0),
        headers: Object.fromEntries(texts) as Record<string, string>,
        timestamp,
      };
      if (transaction === null) committed.push(read);
      else if (open.has(transaction.producerId)) open.get(transaction.producerId)!.push(read);
      else open.set(transaction.producerId, [read]);
    }
  }
  return committed.sort((a, b) => a.offset - b.offset);
}

/** Writes a message outside of transactions behind all others of each partition; returns its key. */
export async function writeLast(brokers: readonly string[], topic: string): Promise<string> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const offsets = await asAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic));
  const partitions = offsets.map(({ partition }) => partition);
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition!,
  });
  await producer.connect();
  const last = uniqueName(LAST.slice(0, -1));
  await producer.send({ topic, messages: partitions.map((partition) => ({ partition, key: last, value: '' })) });
  await producer.disconnect();
  return last;
}
