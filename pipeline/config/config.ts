import type { Schema } from '../../columnar/schema.js';
import type { StreamPattern } from '../../core/stream-pattern.js';
import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';
import type { OnError } from '../../processors/failed-rows.js';
import type { Input, ProcessorPlan } from '../../processors/plan.js';
import type { SinkConfig } from './sink-config.js';
import type { Address } from './spec/scalars.js';

export type { Address, SinkConfig };

/**
 * A checked `pitwall.yaml`: units parsed (bytes, microseconds, hertz), paths absolute, references resolved, defaults
 * filled in. Lists keep the order of the file. Variables are replaced, so it may hold secrets: it is not for printing.
 */
export interface Config {
  /** Absolute. */
  file: string;
  gateway: GatewayConfig;
  /** Of several patterns that match a stream, the first that says something about it counts. */
  streams: StreamConfig[];
  /** With Kafka, `log` is the spool in front of it. */
  bus: { log: LogConfig; kafka: KafkaConfig | null };
  processors: ProcessorConfig[];
  sinks: SinkConfig[];
  /** Absolute paths of modules that add to what the file may name. */
  modules: string[];
  /** 0 = in the main thread. */
  workers: number;
  /** Whether functions of its processors wait for something outside; known when its modules are loaded. */
  waits?: boolean;
  /** `FILE:LINE:COLUMN: warning: …` lines for stderr. */
  warnings: string[];
}

export interface GatewayConfig {
  /** Null: not listened on. */
  mqtt: Address | null;
  http: Address | null;
  memoryBytes: number;
  limits: { connections: number; payloadBytes: number };
  undeclared: 'accept' | 'reject';
  /** When a device is answered: its message is on disk here, or on the bus (Kafka). */
  ack: 'spool' | 'bus';
}

export interface StreamConfig {
  pattern: StreamPattern;
  rateHz: number | null;
  time: { field: string; unit: 's' | 'ms' | 'us' | 'ns' | null } | null;
  /** Template of the entity key with the pattern's captures; null = the stream's name without its last level. */
  key: string | null;
  /** Null: by the content type of the message, else json. */
  decoder: 'json' | 'avro' | null;
  /** All fields of the schema file, that of the time among them; null = columns are learned. */
  schema: Schema | null;
}

export interface LogConfig {
  dir: string;
  retainUs: number;
  sizeBytes: number;
  whenFull: 'hold' | 'drop-oldest';
  partitions: number;
}

export interface KafkaConfig {
  connection: KafkaConnection;
  /** Of what devices send; every other topic is `TOPIC.NAME`. */
  topic: string;
  /** Of the processes that share the partitions. */
  group: string;
  replication: number | null;
  compression: KafkaCompression;
  /** How long Kafka keeps records, for topics made here; null = the brokers' default. */
  retainUs: number | null;
  /** Absolute. What processors keep on this machine. */
  stateDir: string;
  registry: RegistryConfig | null;
}

/** A schema registry with the HTTP interface of Confluent's. */
export interface RegistryConfig {
  url: string;
  /** Both or neither. */
  username: string | null;
  password: string | null;
}

export interface ProcessorConfig {
  plan: ProcessorPlan;
  onError: OnError;
}

/** What the file alone says: plans that modules build are not there yet (see load-modules.ts). */
export interface FileConfig extends Omit<Config, 'processors'> {
  processors: (ProcessorConfig | ModuleProcessor)[];
}

/** A processor whose plan is built by a module. */
export interface ModuleProcessor {
  name: string;
  /** Absolute. */
  module: string;
  /** Null: the module names its streams. */
  from: Input[] | null;
  onError: ProcessorConfig['onError'];
}
