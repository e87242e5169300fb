import { DEAD_LETTERS_TOPIC } from '../../bus/bus.js';
import type { RegistryPrefix } from '../../bus/kafka/kafka-message.js';
import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import { topicsLike } from '../../bus/kafka/topic-list.js';
import { TopicTemplate } from '../../bus/kafka/topic-template.js';
import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';
import { registryPrefixBytes, SchemaRegistryClient, valueSubject } from '../../kafka/schema-registry.js';
import { ensureTopics, TopicAdmin, type TopicSpec } from '../../kafka/topic-admin.js';
import { avroSchemaText } from '../../schemas/avro-views.js';

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

/** What positions on this bus refer to: another cluster is another one, also where the names are the same. */
export async function busIdentity(kafka: KafkaLane): Promise<string> {
  const admin = new TopicAdmin(kafka.connection, clientOptions(kafka, 'topics'));
  try {
    return `kafka:${await admin.clusterId()}/${kafka.base}`;
  } finally {
    await admin.close();
  }
}

/** The topics that are there, of those over which what devices send is spread. */
export function spreadTopics(kafka: KafkaLane, { template, reserved }: TopicSpread): Promise<string[]> {
  return topicsLike(new TopicTemplate(template, reserved), kafka.connection, clientOptions(kafka, 'topics'));
}

/**
 * What stands in front of each value where there is a schema registry. Registers the schema for these topics, and for
 * those that processors write to, each under the subject that readers of its values look for.
 */
export async function registryPrefix(kafka: KafkaLane, topics: readonly string[]): Promise<RegistryPrefix | null> {
  if (!kafka.registry) return null;
  const registry = new SchemaRegistryClient(kafka.registry);
  const schema = avroSchemaText('telemetry-batch');
  const names = topicsOf(kafka);
  const others = [names.schemas, names.changelog, names.of(DEAD_LETTERS_TOPIC)];
  const known = kafka.topics.map(({ topic }) => topic).filter((topic) => !others.includes(topic));
  let id: number | null = null;
  // The same schema has the same id under every subject, and if not, one of them is as good for whoever looks it up.
  for (const topic of new Set([...topics, ...known])) id = await registry.id(valueSubject(topic), schema);
  return id === null ? null : { id, bytes: registryPrefixBytes(id) };
}
