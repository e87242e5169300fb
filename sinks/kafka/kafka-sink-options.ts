import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';
import type { RegistryAddress } from '../../kafka/schema-registry.js';

/** What a user may set, and whose rows they are. */
export interface KafkaSinkOptions {
  connection: KafkaConnection;
  /** `{stream}` stands for the stream's name, any other `{name}` for the tag of that name. */
  topic: string;
  format: 'json' | 'avro';
  /** Rows of a message. */
  rows: 'one' | 'batch';
  compression: KafkaCompression;
  /** Null with avro: each message carries its schema. */
  registry: RegistryAddress | null;
  /** Of topics made here; null = the brokers' default. */
  partitions: number | null;
  replication: number | null;
  feeder: Feeder;
}

/** Who feeds the sink. Of two that are the same, the one that opened last fences the other. */
export interface Feeder {
  /** The log that is read, or the cluster: the same after a restart and, where machines share the bus, on each of them. */
  bus: string;
  /** Partitions of the bus that it feeds; no others. */
  partitions: readonly number[];
}
