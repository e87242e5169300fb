import type { KafkaConnection, KafkaSasl, KafkaTls } from '../../kafka/kafka-connection.js';
import type { Config, RegistryConfig } from './config.js';
import type { busSection } from './keys/bus-keys.js';

type CheckedBus = NonNullable<ReturnType<typeof busSection.spec.check>>;

/** The bus from its checked keys: the embedded log, or Kafka with its spool as the log. */
export function busConfig({ log, kafka }: CheckedBus): Config['bus'] {
  if (!kafka) {
    const { dir, retain, size, whenFull, partitions } = log;
    return { log: { dir, retainUs: retain, sizeBytes: size, whenFull, partitions }, kafka: null };
  }
  const { topic, group, replication, compression, retain, spool, spoolSize, state, partitions } = kafka;
  return {
    // What Kafka has need not be kept; what it does not have is never dropped.
    log: { dir: spool, retainUs: 0, sizeBytes: spoolSize, whenFull: 'hold', partitions },
    kafka: {
      connection: kafkaConnection(kafka),
      topic,
      group,
      replication: replication ?? null,
      compression,
      retainUs: retain ?? null,
      stateDir: state,
      registry: registryConfig(kafka.registry),
    },
  };
}

export function kafkaConnection(keys: {
  brokers: string[];
  tls: KafkaTls | null | undefined;
  sasl: KafkaSasl | undefined;
}): KafkaConnection {
  return { brokers: keys.brokers, tls: keys.tls ?? null, sasl: keys.sasl ?? null };
}

export function registryConfig(
  keys: { url: string; username: string | undefined; password: string | undefined } | undefined,
): RegistryConfig | null {
  return keys ? { url: keys.url, username: keys.username ?? null, password: keys.password ?? null } : null;
}
