import type { Feeder } from '../sinks/kafka/kafka-sink-options.js';
import type { Sink } from '../sinks/sink.js';
import type { SinkConfig } from './config/config.js';

/** The sink of a branch, by its type, whose code is loaded only now. `feeder` is the branch. */
export async function createSink(name: string, config: SinkConfig, feeder: Feeder): Promise<Sink> {
  if (config.type === 'file') {
    const { FileSink } = await import('../sinks/file/file-sink.js');
    const { path, format, roll } = config;
    return new FileSink(name, { path, format, roll });
  }
  const { KafkaSink } = await import('../sinks/kafka/kafka-sink.js');
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
