import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../../../bus/bus.js';
import { KafkaReader } from '../../../bus/kafka/kafka-reader.js';
import { KafkaTopics } from '../../../bus/kafka/kafka-topics.js';
import { SchemaTopic } from '../../../bus/kafka/schema-topic.js';
import { LogBus } from '../../../bus/log/log-bus.js';
import { ForwardGate } from '../../../bus/spooled/forward-gate.js';
import { Forwarder } from '../../../bus/spooled/forwarder.js';
import { oneTopic } from '../../../bus/spooled/topic-router.js';
import type { KafkaConnection } from '../../../kafka/kafka-connection.js';
import { KafkaFetcher } from '../../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../../kafka/kafka-writer.js';
import { ensureTopics } from '../../../kafka/topic-admin.js';
import { SpooledBus } from './spooled-bus.js';

export const BYTES_MAX = { 'max.message.bytes': String(64 * 1024 * 1024) };
const OPTIONS = { clientId: 'bus-test', compression: 'none' as const };

export function connectionTo(brokers: readonly string[]): KafkaConnection {
  return { brokers: [...brokers], tls: null, sasl: null };
}

/** Kafka behind a spool at `dir`, with its forwarder, as one bus that answers when Kafka has a commit. */
export async function openKafkaBus(
  connection: KafkaConnection,
  base: string,
  topicNames: readonly string[],
  dir: string,
  partitions: number,
): Promise<Bus> {
  const topics = new KafkaTopics(base);
  const records = topicNames.map((name) => {
    return { topic: topics.of(name), partitions, replication: null, configs: BYTES_MAX };
  });
  const compacted = { ...BYTES_MAX, 'cleanup.policy': 'compact' };
  const schemasTopic = { topic: topics.schemas, partitions: 1, replication: null, configs: compacted };
  await ensureTopics(connection, OPTIONS, [...records, schemasTopic]);
  const spool = LogBus.open({ dir: join(dir, 'spool'), partitions });
  const reading = LogBus.open({ dir: join(dir, 'spool'), readOnly: true });
  const reader = new KafkaReader(connection, topics, partitions, OPTIONS);
  const writer = new KafkaWriter(connection, OPTIONS);
  const fetcher = new KafkaFetcher(connection, OPTIONS);
  const gate = new ForwardGate();
  const schemas = new SchemaTopic(topics.schemas, fetcher);
  const resume = topicNames.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => {
      return { topic, partition, offset: Number(spool.fact('forward', `${topic}/${partition}`)?.toString() ?? 0) };
    }),
  );
  const router = oneTopic(topics);
  const parts = { spool: reading, router, forwarded: topicNames, writer, schemas, registry: null, lingerMs: 0 };
  const forwarder = new Forwarder(parts, resume);
  let closed = false;
  let wake = (): void => {};
  const running = (async () => {
    while (!closed) {
      const { records } = await forwarder.step().catch(async (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        await sleep(200);
        return { records: 0 };
      });
      gate.pass(forwarder.positions());
      if (records > 0 || forwarder.more) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 50);
      });
    }
  })();
  const bus = new SpooledBus(spool, reader, gate, () => wake());
  const close = bus.close.bind(bus);
  bus.close = async () => {
    if (closed) return;
    closed = true;
    wake();
    await running;
    const commit = spool.begin();
    for (const { topic, partition, offset } of forwarder.positions()) {
      commit.setFact('forward', `${topic}/${partition}`, Buffer.from(String(offset)));
    }
    await commit.commit();
    await Promise.all([writer.close(), fetcher.close(), reading.close()]);
    await close();
  };
  return bus;
}
