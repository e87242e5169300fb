import { mapOf, oneOrList, section } from '../spec/collections.js';
import { choice, duration, integer, path, size, text } from '../spec/scalars.js';
import { notYet } from '../spec/spec.js';
import { byType } from '../spec/variants.js';
import { kafkaKeys } from './kafka-keys.js';
import { nameFault } from './name-fault.js';
import { topicTemplate } from './topic-name.js';

const common = {
  from: {
    spec: oneOrList(text('a stream pattern or a processor')),
    required: true,
    example: '"#"',
    doc: 'Stream patterns and names of processors; `"#"` (quoted) is every stream of the devices',
  },
  onError: {
    spec: choice({ stop: true, 'dead-letter': false, skip: false }),
    default: 'stop',
    doc: 'What happens when rows cannot be written: the branch stops at its position, and says so',
  },
  batch: notYet('How many rows, bytes or how much time are written at once'),
  retry: notYet('How often and how soon a failed write is tried again'),
  inFlight: notYet('How many writes are under way at the same time'),
} as const;

const file = {
  ...common,
  path: {
    spec: path('folder'),
    required: true,
    example: './data/out',
    doc: 'The folder of the files; each stream has its own below',
  },
  format: { spec: choice({ jsonl: true, parquet: true, csv: true }), default: 'jsonl', doc: 'What is written' },
  roll: section(
    {
      size: { spec: size(1, '1B'), default: '64MiB', doc: 'A file is closed at this size' },
      rows: { spec: integer(1, 1e9), default: 1_000_000, doc: 'A file is closed at this many rows' },
      every: { spec: duration(1e3, '1ms'), default: '1m', doc: 'A file is closed when it has been open this long' },
    },
    'When a Parquet file is closed and the next one begun; jsonl and csv grow one file a stream',
  ),
} as const;

const { brokers, tls, sasl, compression, replication, registry } = kafkaKeys;
const kafka = {
  ...common,
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

const LATER_COMMON = ['from', 'retry', 'batch', 'onError', 'inFlight'];
const LATER = {
  s3: 'endpoint region bucket prefix accessKeyId secretAccessKey pathStyle format path roll',
  influxdb: 'version url database username password org bucket token measurement tags fields precision',
  mongodb: 'url database collection mode key bucket expire',
  http: 'url headers format',
  console: '',
};

export const sinkSpec = byType(
  { file, kafka },
  Object.fromEntries(Object.entries(LATER).map(([type, keys]) => [type, [...LATER_COMMON, ...keys.split(' ')]])),
  'Where the rows go',
);

export const sinksKey = {
  spec: mapOf(sinkSpec, 'NAME', (name) => nameFault('sink', name)),
  doc: 'Where rows are written; each sink has its own position and is not held up by the others',
  example: 'local: { type: file, from: "#", path: ./data/out }',
};
