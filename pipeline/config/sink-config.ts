import type { Input } from '../../processors/plan.js';
import { kafkaConnection, registryConfig } from './bus-config.js';
import type { SinkConfig } from './config.js';
import type { sinkSpec } from './keys/sinks-keys.js';

type CheckedSink = NonNullable<ReturnType<typeof sinkSpec.check>>;

/** A sink from its checked keys; `from` resolved. */
export function sinkConfig(name: string, sink: CheckedSink, from: Input[]): SinkConfig {
  const { onError } = sink;
  if (sink.type === 'file') {
    const { type, path, format, roll } = sink;
    const { size, rows, every } = roll;
    return { name, type, from, path, format, roll: { sizeBytes: size, rows, everyUs: every }, onError };
  }
  const { type, topic, format, rows, compression, partitions, replication } = sink;
  return {
    name,
    type,
    from,
    connection: kafkaConnection(sink),
    topic,
    format,
    rows,
    compression,
    registry: registryConfig(sink.registry),
    partitions: partitions ?? null,
    replication: replication ?? null,
    onError,
  };
}
