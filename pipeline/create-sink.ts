import { FileSink } from '../sinks/file/file-sink.js';
import type { Sink } from '../sinks/sink.js';
import type { SinkConfig } from './config/config.js';

/** The sink of a branch, by its type. */
export function createSink(name: string, config: SinkConfig): Sink {
  if (config.type === 'kafka') throw new Error('TODO');
  return new FileSink(name, { path: config.path, format: config.format, roll: config.roll });
}
