import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { TopicAdmin } from '../../kafka/topic-admin.js';
import type { TopicTemplate } from './topic-template.js';

/** Topics of a template that are there, by name. */
export async function topicsLike(
  template: TopicTemplate,
  connection: KafkaConnection,
  options: KafkaClientOptions,
): Promise<string[]> {
  const admin = new TopicAdmin(connection, options);
  try {
    return (await admin.names()).filter((topic) => template.isOwn(topic)).sort();
  } finally {
    await admin.close();
  }
}
