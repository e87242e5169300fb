import { entriesOf } from '../config-node.js';
import { object, section } from '../spec/collections.js';
import { choice, duration, integer, path, size, text } from '../spec/scalars.js';
import type { Spec } from '../spec/spec.js';
import { kafkaKeys } from './kafka-keys.js';
import { busTopic } from './topic-name.js';

const logSize = size(16 * 2 ** 20, '16MiB');
const log = section(
  {
    dir: { spec: path('folder'), default: './data/bus', doc: 'The folder of the embedded log' },
    retain: {
      spec: duration(1e6, '1s'),
      default: '7d',
      doc: 'How long records are kept once all readers have passed them',
    },
    size: {
      spec: logSize,
      default: '50GiB',
      doc: 'How large the log may grow; old records go first, never one that a reader has not passed',
    },
    whenFull: {
      spec: choice({ hold: true, 'drop-oldest': true }),
      default: 'hold',
      doc: '`hold` makes the devices wait; `drop-oldest` drops what readers have not passed, and counts it',
    },
    partitions: {
      spec: integer(1, 256),
      default: 4,
      doc: 'Over how many partitions the entities are spread; fixed when the folder is first used',
    },
  },
  'The embedded log',
);

const { brokers, tls, sasl, compression, replication, registry } = kafkaKeys;
export const busKafkaKeys = {
  brokers,
  topic: {
    spec: busTopic(),
    default: 'telemetry',
    doc: 'The topic of what devices send, or several, as `telemetry.{class}` with a tag of the streams; every other topic of the bus is `TOPIC.NAME`, such as `telemetry.dead-letters`',
  },
  group: { spec: text(), default: 'pitwall', doc: 'The consumer group: processes of one group share the partitions' },
  partitions: {
    spec: integer(1, 256),
    default: 12,
    doc: 'Over how many partitions the entities are spread; fixed when the topics are made',
  },
  replication,
  compression,
  retain: {
    spec: duration(1e6, '1s'),
    example: '7d',
    defaultText: "the brokers' default",
    doc: 'How long Kafka keeps records, for topics made here',
  },
  spool: {
    spec: path('folder'),
    default: './data/spool',
    doc: 'The folder of the log in front of Kafka: it keeps what Kafka does not have yet',
  },
  spoolSize: { spec: logSize, default: '50GiB', doc: 'How large the spool may grow; when it is full, devices wait' },
  state: { spec: path('folder'), default: './data/state', doc: 'The folder of what processors keep on this machine' },
  tls,
  sasl,
  registry,
} as const;

const both = section(
  {
    log,
    kafka: {
      spec: object(busKafkaKeys),
      example: '{ brokers: [127.0.0.1:9092] }',
      doc: 'A Kafka cluster as the bus, in place of the embedded log',
    },
  },
  'Where accepted readings are kept until everything has read them: the embedded log, or Kafka',
);

/** One bus: `log` or `kafka`. */
const oneBus: typeof both.spec = {
  ...both.spec,
  check(node, where, context) {
    const [first, second] = entriesOf(node).filter(({ key }) => key === 'log' || key === 'kafka');
    if (second) {
      const what = `${where}.${second.key} stands beside ${where}.${first!.key}, and there is one bus; remove one of them`;
      context.problems.error(second.keyOffset, `${what} (with Kafka, ${where}.kafka.spool is the log)`);
    }
    return both.spec.check(node, where, context);
  },
  jsonSchema: () => ({ ...both.spec.jsonSchema(), not: { type: 'object', required: ['log', 'kafka'] } }),
} satisfies Spec<unknown>;

export const busSection = { ...both, spec: oneBus };
