import { PitwallError } from '../core/errors.js';
import type { TopicSpec } from './topic-admin.js';

/**
 * Holds a topic that is there against what is wanted of it; `configs` null: the user may not know them. Returns
 * warnings; throws `bad-configuration` where it cannot be used as it is.
 */
export function checkTopic(spec: TopicSpec, partitions: number, configs: ReadonlyMap<string, string> | null): string[] {
  const { topic } = spec;
  if (spec.partitions !== null && !spec.anyPartitions && partitions !== spec.partitions) {
    throw refused(
      topic,
      `has ${partitions} partitions, not ${spec.partitions}`,
      'configure that number, or another topic: what is in it is spread over its partitions, so that their number cannot be changed',
    );
  }
  const wantedPolicy = spec.configs['cleanup.policy'];
  const wantedBytes = Number(spec.configs['max.message.bytes'] ?? 0);
  if (configs === null) {
    if (wantedPolicy === undefined && wantedBytes === 0) return [];
    return [
      `topic ${topic}: the user has no right (DescribeConfigs) to see how it is configured; it must have ${wantedText(spec)}`,
    ];
  }
  const policy = configs.get('cleanup.policy');
  if (wantedPolicy !== undefined && policy !== undefined && policy !== wantedPolicy) {
    const why =
      wantedPolicy === 'compact'
        ? 'state that is kept in it would be lost'
        : 'messages would be lost, all but the last of each key';
    throw refused(
      topic,
      `has cleanup.policy=${policy}, not ${wantedPolicy}: ${why}`,
      `set it: kafka-configs.sh --alter --topic ${topic} --add-config cleanup.policy=${wantedPolicy}`,
    );
  }
  const bytes = Number(configs.get('max.message.bytes') ?? Number.POSITIVE_INFINITY);
  if (bytes < wantedBytes) {
    return [
      `topic ${topic} takes messages of ${bytes} bytes (max.message.bytes) where up to ${wantedBytes} may come: larger ones are refused; set max.message.bytes=${wantedBytes} for it`,
    ];
  }
  return [];
}

/** The configs that are held against the topic, for messages. */
export function wantedText({ configs }: TopicSpec): string {
  return Object.entries(configs)
    .map((pair) => pair.join('='))
    .join(', ');
}

export function refused(topic: string, what: string, todo: string, cause?: unknown): PitwallError {
  return new PitwallError('bad-configuration', `Kafka topic ${topic} ${what}; ${todo}`, { stage: 'bus', cause });
}
