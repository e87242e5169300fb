/** How to reach a Kafka cluster. Plain data, so that it crosses to worker threads. It may hold secrets: never print it. */
export interface KafkaConnection {
  /** `HOST:PORT`, at least one. */
  brokers: string[];
  tls: KafkaTls | null;
  sasl: KafkaSasl | null;
}

/** Absolute paths of PEM files; null: the system's authorities, no client certificate. */
export interface KafkaTls {
  ca: string | null;
  cert: string | null;
  key: string | null;
}

export interface KafkaSasl {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  username: string;
  password: string;
}

export const KAFKA_COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4'] as const;
export type KafkaCompression = (typeof KAFKA_COMPRESSIONS)[number];
