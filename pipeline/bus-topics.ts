import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC } from '../bus/bus.js';
import { KafkaTopics } from '../bus/kafka/kafka-topics.js';
import { TopicTemplate } from '../bus/kafka/topic-template.js';
import type { TopicSpec } from '../kafka/topic-admin.js';
import type { Config, KafkaConfig } from './config/config.js';
import { levelsOf } from './output-levels.js';

/** A batch of the largest record, and a whole checkpoint of the changelog, fit. */
const SIZE = { 'max.message.bytes': String(64 * 1024 * 1024) };

/** The Kafka topics of a configuration, as they are to be. Those of a template, which devices' streams name, are not in it. */
export function busTopics(config: Config, kafka: KafkaConfig): TopicSpec[] {
  const { base, tags } = topicTemplate(config, kafka);
  const topics = new KafkaTopics(base);
  const { replication } = kafka;
  const { partitions } = config.bus.log;
  const compacted = { ...SIZE, 'cleanup.policy': 'compact' };
  const outputs = Object.keys(levelsOf(config));
  return [
    ...[...(tags.length === 0 ? [TELEMETRY_TOPIC] : []), DEAD_LETTERS_TOPIC, ...outputs].map((topic) => {
      return recordsTopic(config, kafka, topics.of(topic));
    }),
    { topic: topics.schemas, partitions: 1, replication, configs: compacted },
    { topic: topics.changelog, partitions, replication, configs: compacted },
  ];
}

/** A topic of records, as it is to be. */
export function recordsTopic(config: Config, { replication, retainUs }: KafkaConfig, topic: string): TopicSpec {
  const configs: Record<string, string> = { ...SIZE };
  if (retainUs !== null) configs['retention.ms'] = String(Math.ceil(retainUs / 1000));
  return { topic, partitions: config.bus.log.partitions, replication, configs };
}

/** `bus.kafka.topic`, which spares the names of all other topics of the bus. */
export function topicTemplate(config: Config, kafka: KafkaConfig): TopicTemplate {
  return new TopicTemplate(kafka.topic, reservedTopics(config, kafka));
}

function reservedTopics(config: Config, kafka: KafkaConfig): string[] {
  const { base } = new TopicTemplate(kafka.topic);
  const topics = new KafkaTopics(base);
  const outputs = Object.keys(levelsOf(config));
  return [base, topics.schemas, topics.changelog, ...[DEAD_LETTERS_TOPIC, ...outputs].map((topic) => topics.of(topic))];
}
