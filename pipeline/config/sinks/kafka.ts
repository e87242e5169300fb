import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import { kafkaConnection, registryConfig } from '../bus-config.js';
import { kafkaKeys } from '../keys/kafka-keys.js';
import { topicTemplate } from '../keys/topic-name.js';
import { choice, integer } from '../spec/scalars.js';
import type { ValueOf } from '../spec/spec.js';
import { flushedBranch, flushedKeys } from './common-keys.js';

const { brokers, tls, sasl, compression, replication, registry } = kafkaKeys;

export const keys = {
  ...flushedKeys,
  brokers,
  topic: {
    spec: topicTemplate(),
    required: true,
    example: 'telemetry-{car}',
    doc: 'The topic; `{stream}` is the name of the stream, with a dot for what a topic may not have, `{car}` the tag `car`',
  },
  format: {
    spec: choice({ json: true, avro: true }),
    default: 'json',
    doc: 'What is written; `avro` without `registry` puts the schema into a header of each message',
  },
  rows: { spec: choice({ one: true, batch: true }), default: 'one', doc: 'A message for each row, or for many' },
  compression,
  partitions: {
    spec: integer(1, 10_000),
    defaultText: "the brokers' default",
    doc: 'How many partitions topics made here have',
  },
  replication,
  tls,
  sasl,
  registry,
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = flushedBranch;

export function options(sink: Checked): Omit<KafkaSinkOptions, 'feeder'> {
  const { topic, format, rows } = sink;
  return {
    connection: kafkaConnection(sink),
    topic,
    format,
    rows,
    compression: sink.compression,
    registry: registryConfig(sink.registry),
    partitions: sink.partitions ?? null,
    replication: sink.replication ?? null,
  };
}

export const placeKey = 'topic';
