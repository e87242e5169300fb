import { PitwallError } from '../../core/errors.js';

export type FileFormat = 'jsonl' | 'csv' | 'parquet';

/** What a user may set; sizes in bytes, durations in microseconds. Everything but the path has a default. */
export interface FileSinkOptions {
  path: string;
  format?: FileFormat;
  /** Parquet: when an open file is closed. A limit that is left out has its default; `Infinity` switches it off. */
  roll?: { sizeBytes?: number; rows?: number; everyUs?: number };
  /** Parquet: bytes of rows held in all open files together before the largest are closed early. */
  memoryBytes?: number;
  compression?: 'snappy' | 'none';
  /** File descriptors kept open; more files than that are opened and closed as they are written. */
  openFiles?: number;
  /** Whether `flush` waits for the disk (fdatasync). Without it a power cut may lose rows; kill -9 never does. */
  sync?: boolean;
}

export interface ResolvedFileSinkOptions {
  path: string;
  format: FileFormat;
  roll: { sizeBytes: number; rows: number; everyUs: number };
  memoryBytes: number;
  compression: 'snappy' | 'none';
  openFiles: number;
  sync: boolean;
}

export function resolveFileSinkOptions(name: string, options: FileSinkOptions): ResolvedFileSinkOptions {
  const resolved: ResolvedFileSinkOptions = {
    path: options.path,
    format: options.format ?? 'jsonl',
    roll: {
      sizeBytes: options.roll?.sizeBytes ?? 64 * 1024 * 1024,
      rows: options.roll?.rows ?? 1_000_000,
      everyUs: options.roll?.everyUs ?? 60e6,
    },
    memoryBytes: options.memoryBytes ?? 128 * 1024 * 1024,
    compression: options.compression ?? 'snappy',
    openFiles: options.openFiles ?? 128,
    sync: options.sync ?? true,
  };
  if (!/^[\w-][\w.-]{0,99}$/.test(name)) throw refuse(name, 'needs a name of letters, digits, _, - and dots');
  if (typeof resolved.path !== 'string' || resolved.path === '') throw refuse(name, 'needs a path');
  if (!['jsonl', 'csv', 'parquet'].includes(resolved.format)) {
    throw refuse(name, `has the format "${resolved.format}"; jsonl, csv and parquet are there`);
  }
  if (!['snappy', 'none'].includes(resolved.compression)) {
    throw refuse(name, `has the compression "${resolved.compression}"; snappy and none are there`);
  }
  const limits = { ...resolved.roll, memoryBytes: resolved.memoryBytes, openFiles: resolved.openFiles };
  for (const [key, value] of Object.entries(limits)) {
    if (!(value >= 1)) throw refuse(name, `has ${key} ${value}; it must be at least 1`);
  }
  return resolved;
}

function refuse(name: string, why: string): PitwallError {
  return new PitwallError('bad-configuration', `file sink "${name}" ${why}`, { stage: 'configuration' });
}
