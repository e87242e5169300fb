import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC } from '../bus/bus.js';
import { KafkaTopics } from '../bus/kafka/kafka-topics.js';
import type { TopicSpec } from '../kafka/topic-admin.js';
import type { Config, KafkaConfig } from './config/config.js';

/** A batch of the largest record, and a whole checkpoint of the changelog, fit. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** The Kafka topics of a configuration, as they are to be. */
export function busTopics(config: Config, kafka: KafkaConfig): TopicSpec[] {
  const topics = new KafkaTopics(kafka.topic);
  const { replication, retainUs } = kafka;
  const { partitions } = config.bus.log;
  const size = { 'max.message.bytes': String(MESSAGE_BYTES_MAX) };
  const records = retainUs === null ? size : { ...size, 'retention.ms': String(Math.ceil(retainUs / 1000)) };
  const compacted = { ...size, 'cleanup.policy': 'compact' };
  const outputs = config.processors.map(({ plan }) => plan.name);
  return [
    ...[TELEMETRY_TOPIC, DEAD_LETTERS_TOPIC, ...outputs].map((topic) => {
      return { topic: topics.of(topic), partitions, replication, configs: records };
    }),
    { topic: topics.schemas, partitions: 1, replication, configs: compacted },
    { topic: topics.changelog, partitions, replication, configs: compacted },
  ];
}
