import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import type { RegistryPrefix } from '../../bus/kafka/kafka-message.js';
import { ensureTopics, type TopicSpec } from '../../kafka/topic-admin.js';
import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';

/** What a lane needs to read and write Kafka, as plain data. It may hold secrets: never print it. */
export interface KafkaLane {
  connection: KafkaConnection;
  /** Name of the telemetry topic. */
  base: string;
  compression: KafkaCompression;
  /** Names this process for as long as its state folder lives. */
  instance: string;
  stateDir: string;
  registry: { url: string; username: string | null; password: string | null } | null;
  /** Every topic of the bus, as it is to be. */
  topics: TopicSpec[];
}

export function topicsOf(kafka: KafkaLane): KafkaTopics {
  return new KafkaTopics(kafka.base);
}

export function clientOptions(kafka: KafkaLane, part: string): KafkaClientOptions & { compression: KafkaCompression } {
  return { clientId: `pitwall-${kafka.instance}-${part}`, compression: kafka.compression };
}

/** Makes the topics that are missing, and checks the others; returns what to tell the operator. */
export async function prepareTopics(kafka: KafkaLane): Promise<string[]> {
  const { warnings } = await ensureTopics(kafka.connection, clientOptions(kafka, 'topics'), kafka.topics);
  return warnings;
}

/** What stands in front of each value where there is a schema registry. */
export async function registryPrefix(kafka: KafkaLane, _topics: readonly string[]): Promise<RegistryPrefix | null> {
  if (!kafka.registry) return null;
  throw new Error('TODO');
}
