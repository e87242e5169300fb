import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { uniqueName } from './kafka-server.js';

export function client(config: KafkaConfig): Kafka {
  return new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 30, maxRetryTime: 1000 }, ...config });
}

export async function produce(kafka: Kafka, topic: string, values: string[]): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
  } finally {
    await producer.disconnect();
  }
}

export async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: uniqueName('group') });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const values: string[] = [];
    await new Promise<void>((resolve, reject) => {
      // A coordinator that is still being looked for ends a consumer of kafkajs, which then starts itself again.
      consumer.on('consumer.crash', ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          eachMessage: async ({ message }) => {
            if (values.push(String(message.value)) === count) resolve();
          },
        })
        .catch(reject);
    });
    return values;
  } finally {
    await consumer.disconnect();
  }
}

/** As texts. */
export const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

export interface Answer {
  status: number;
  body: { id?: number; schema?: string };
}

export async function ask(url: string, schema?: object): Promise<Answer> {
  const response = await fetch(url, {
    ...(schema && { method: 'POST', body: JSON.stringify({ schema: JSON.stringify(schema) }) }),
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

export const record = (...fields: object[]) => ({ type: 'record', name: 'Lap', fields });
export const speed = { name: 'speed', type: 'double' };
