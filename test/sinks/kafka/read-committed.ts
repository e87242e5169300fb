import { Kafka, logLevel } from 'kafkajs';
import { registerCodecs } from '../../../kafka/codecs.js';
import { uniqueName } from '../../servers/kafka-server.js';

export interface ReadMessage {
  partition: number;
  offset: number;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
  timestamp: number;
}

/**
 * What a consumer of committed messages gets of a topic, by kafkajs. A last message outside of transactions stands
 * behind all others in each partition, and tells it that it has them.
 */
export async function readCommitted(brokers: readonly string[], topic: string): Promise<ReadMessage[]> {
  registerCodecs();
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const known = await admin.listTopics();
  if (!known.includes(topic)) {
    await admin.disconnect();
    return [];
  }
  const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition }) => partition);
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition!,
  });
  await producer.connect();
  const last = uniqueName('last');
  await producer.send({ topic, messages: partitions.map((partition) => ({ partition, key: last, value: '' })) });
  await producer.disconnect();

  const groupId = uniqueName('reader');
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const all: ReadMessage[] = [];
  const open = new Set(partitions);
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    consumer
      .run({
        eachMessage: async ({ partition, message: { offset, key, value, headers, timestamp } }) => {
          if (key?.toString() === last) open.delete(partition);
          else if (!key?.toString().startsWith('last-')) {
            const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]);
            all.push({
              partition,
              offset: Number(offset),
              key: key === null ? null : key.toString(),
              value: value!,
              headers: Object.fromEntries(texts),
              timestamp: Number(timestamp),
            });
          }
          if (open.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  await admin.disconnect();
  return all.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Writes a message outside of transactions behind all others of each partition; returns its key. */
export async function writeLast(brokers: readonly string[], topic: string): Promise<string> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition }) => partition);
  await admin.disconnect();
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition!,
  });
  await producer.connect();
  const last = uniqueName('last');
  await producer.send({ topic, messages: partitions.map((partition) => ({ partition, key: last, value: '' })) });
  await producer.disconnect();
  return last;
}
