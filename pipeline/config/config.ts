import type { StreamPattern } from '../../core/stream-pattern.js';
import type { Input, ProcessorPlan } from '../../processors/plan.js';
import type { Address } from './spec/scalars.js';

export type { Address };

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
  bus: { log: LogConfig };
  processors: ProcessorConfig[];
  sinks: SinkConfig[];
  /** 0 = in the main thread. */
  workers: number;
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
}

export interface StreamConfig {
  pattern: StreamPattern;
  rateHz: number | null;
  time: { field: string; unit: 's' | 'ms' | 'us' | 'ns' | null } | null;
  /** Template of the entity key with the pattern's captures; null = the stream's name without its last level. */
  key: string | null;
  /** Null: by the content type of the message, else json. */
  decoder: 'json' | 'avro' | null;
}

export interface LogConfig {
  dir: string;
  retainUs: number;
  sizeBytes: number;
  whenFull: 'hold' | 'drop-oldest';
  partitions: number;
}

export interface ProcessorConfig {
  plan: ProcessorPlan;
  onError: 'stop';
}

export interface SinkConfig {
  name: string;
  type: 'file';
  from: Input[];
  path: string;
  format: 'jsonl' | 'parquet' | 'csv';
  roll: { sizeBytes: number; rows: number; everyUs: number };
  onError: 'stop';
}
