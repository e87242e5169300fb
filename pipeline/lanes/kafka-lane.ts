import type { RegistryPrefix } from '../../bus/kafka/kafka-message.js';
import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import { topicsLike } from '../../bus/kafka/topic-list.js';
import { TopicTemplate } from '../../bus/kafka/topic-template.js';
import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';
import { ensureTopics, type TopicSpec } from '../../kafka/topic-admin.js';

/** What a lane needs to read and write Kafka, as plain data. It may hold secrets: never print it. */
export interface KafkaLane {
  connection: KafkaConnection;
  /** What the names of the bus's topics begin with; where devices' messages have one topic, its name. */
  base: string;
  /** Null: devices' messages have one topic. */
  spread: TopicSpread | null;
  compression: KafkaCompression;
  /** Names this process for as long as its state folder lives. */
  instance: string;
  stateDir: string;
  registry: { url: string; username: string | null; password: string | null } | null;
  /** Every topic of the bus, as it is to be. */
  topics: TopicSpec[];
}

/** The topics over which what devices send is spread. */
export interface TopicSpread {
  template: string;
  reserved: string[];
  /** As each of them is to be. */
  spec: TopicSpec;
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

/** The topics that are there, of those over which what devices send is spread. */
export function spreadTopics(kafka: KafkaLane, { template, reserved }: TopicSpread): Promise<string[]> {
  return topicsLike(new TopicTemplate(template, reserved), kafka.connection, clientOptions(kafka, 'topics'));
}

/** What stands in front of each value where there is a schema registry. */
export async function registryPrefix(kafka: KafkaLane, _topics: readonly string[]): Promise<RegistryPrefix | null> {
  if (!kafka.registry) return null;
  throw new Error('TODO');
}
