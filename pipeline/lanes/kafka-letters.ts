import type { Commit } from '../../bus/bus.js';
import { KafkaCommit } from '../../bus/kafka/kafka-commit.js';
import { SchemaTopic } from '../../bus/kafka/schema-topic.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { clientOptions, type KafkaLane, topicsOf } from './kafka-lane.js';

/** Commits of dead letters to Kafka. */
export function openKafkaLetters(kafka: KafkaLane, branch: string): { begin(): Commit; close(): Promise<unknown> } {
  const options = clientOptions(kafka, `letters-${branch}`);
  const topics = topicsOf(kafka);
  const writer = new KafkaWriter(kafka.connection, options);
  const fetcher = new KafkaFetcher(kafka.connection, options);
  const schemas = new SchemaTopic(topics.schemas, fetcher);
  return {
    begin: () => new KafkaCommit({ topics, writer, schemas, registry: null, keepFacts: async () => {} }),
    close: () => Promise.allSettled([writer.close(), fetcher.close()]),
  };
}
