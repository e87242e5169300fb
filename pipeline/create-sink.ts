import { FileSink } from '../sinks/file/file-sink.js';
import { KafkaSink } from '../sinks/kafka/kafka-sink.js';
import type { Feeder } from '../sinks/kafka/kafka-sink-options.js';
import type { Sink } from '../sinks/sink.js';
import type { SinkConfig } from './config/config.js';

/** The sink of a branch, by its type. `feeder` is the branch. */
export function createSink(name: string, config: SinkConfig, feeder: Feeder): Sink {
  if (config.type === 'file') {
    const { path, format, roll } = config;
    return new FileSink(name, { path, format, roll });
  }
  const { connection, topic, format, rows, compression, registry, partitions, replication } = config;
  return new KafkaSink(name, {
    connection,
    topic,
    format,
    rows,
    compression,
    registry,
    partitions,
    replication,
    feeder,
  });
}
