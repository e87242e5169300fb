import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';

/** A Kafka to measure with, which may hold other things. */
const GIVEN = 'PITWALL_BENCH_KAFKA';
/** A port that nobody listens on: Kafka is away. */
export const AWAY = '127.0.0.1:9';
/** A clone's tests start one; an installed package does not hold them. */
const STARTER = new URL('../../test/servers/kafka-server.js', import.meta.url);

interface Starter {
  needsOwnKafka(): { skip: string | false };
  startKafka(): Promise<{ brokers: string[]; stop(): Promise<void> }>;
}

export interface KafkaSource {
  brokers: string[];
  stop(): Promise<void>;
}

/** Brokers for a run, or why there are none. */
export async function kafkaSource(): Promise<KafkaSource | string> {
  const given = process.env[GIVEN];
  if (given) {
    const brokers = given.split(',');
    return { brokers, stop: () => removeTopics(brokers) };
  }
  const how = `set ${GIVEN}=HOST:PORT to a Kafka without login`;
  if (!existsSync(fileURLToPath(STARTER))) return how;
  const starter = (await import(STARTER.href)) as Starter;
  const { skip } = starter.needsOwnKafka();
  return skip === false ? starter.startKafka() : `${how}. ${skip}`;
}

const made: string[] = [];

/** The name of a topic of this run, and what the names of others begin with. */
export function uniqueTopic(): string {
  const topic = `pitwall-bench-${randomBytes(4).toString('hex')}`;
  made.push(topic);
  return topic;
}

/** Removes the topics of this run, and the groups, which are called the same. */
async function removeTopics(brokers: string[]): Promise<void> {
  const kafka = new kafkajs.Kafka({ clientId: 'pitwall-bench', brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => made.some((name) => topic.startsWith(name)));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter((id) => made.includes(id));
    if (groups.length > 0) await admin.deleteGroups(groups).catch(() => {});
  } finally {
    await admin.disconnect();
  }
}
