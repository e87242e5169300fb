export type S3Format = 'parquet' | 'jsonl' | 'avro';
export type S3Compression = 'snappy' | 'gzip' | 'none';

/** Where the objects are, and how it is reached. */
export interface S3Access {
  /** Null: that of AWS for the region. */
  endpoint: string | null;
  region: string;
  bucket: string;
  /** Null: what the SDK finds by itself, in the environment, its files or the machine's role. */
  credentials: { accessKeyId: string; secretAccessKey: string } | null;
  /** The bucket in the path, not in the name of the host. */
  pathStyle: boolean;
  /** How long a request may go without an answer. */
  timeoutMs: number;
}

/** What a user may set; sizes in bytes, durations in microseconds where they do not say otherwise. */
export interface S3SinkOptions extends S3Access {
  /** What every key begins with: empty, or with `/` at its end. */
  prefix: string;
  format: S3Format;
  /** The template of the objects' folders. */
  path: string;
  compression: S3Compression;
  /** When an open object is closed. */
  roll: { sizeBytes: number; rows: number; everyUs: number };
  /** Rows held in all open objects together. */
  memoryBytes: number;
  /** Objects that are sent at the same time. */
  inFlight: number;
}

/** What the branch gives. */
export interface S3SinkPlace {
  /** For what it has to remember on this machine. */
  stateFolder: string;
  /** Partitions of the bus, between which the memory is shared out: always the same, so that borders are too. */
  partitions: number;
}

export const S3_DEFAULTS = {
  endpoint: null,
  region: 'us-east-1',
  credentials: null,
  pathStyle: false,
  timeoutMs: 30_000,
  prefix: '',
  format: 'parquet',
  path: '{stream}/date={date}/hour={hour}',
  compression: 'snappy',
  roll: { sizeBytes: 64 * 1024 * 1024, rows: 1_000_000, everyUs: 60e6 },
  memoryBytes: 256 * 1024 * 1024,
  inFlight: 4,
} as const satisfies Omit<S3SinkOptions, 'bucket'>;

/** What a format takes, its default first. */
export const COMPRESSIONS: Readonly<Record<S3Format, readonly S3Compression[]>> = {
  parquet: ['snappy', 'none'],
  jsonl: ['gzip', 'none'],
  avro: ['gzip', 'none'],
};
