import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A Kafka to measure with, which may hold other things. */
const GIVEN = 'PITWALL_BENCH_KAFKA';
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
  if (given) return { brokers: given.split(','), stop: async () => {} };
  const how = `set ${GIVEN}=HOST:PORT to a Kafka without login`;
  if (!existsSync(fileURLToPath(STARTER))) return how;
  const starter = (await import(STARTER.href)) as Starter;
  const { skip } = starter.needsOwnKafka();
  return skip === false ? starter.startKafka() : `${how}. ${skip}`;
}

export function uniqueTopic(): string {
  return `pitwall-bench-${randomBytes(4).toString('hex')}`;
}
