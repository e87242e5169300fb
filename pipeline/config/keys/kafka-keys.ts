import type { KafkaTls } from '../../../kafka/kafka-connection.js';
import { bothOrNeither, object, oneOrList } from '../spec/collections.js';
import { choice, integer, path, text, VARIABLE } from '../spec/scalars.js';
import { secret } from '../spec/secret.js';
import { httpUrl, servers } from '../spec/servers.js';
import { emptyMessage, type Spec, shownValue } from '../spec/spec.js';

const brokerTexts = oneOrList(servers());
const brokers: Spec<string[]> = {
  ...brokerTexts,
  check: (node, where, context) => brokerTexts.check(node, where, context)?.flat(),
};

const tlsFiles = bothOrNeither(
  object({
    ca: {
      spec: path('file'),
      defaultText: 'those of the machine',
      doc: 'The authorities whose certificates are accepted, as PEM',
    },
    cert: { spec: path('file'), doc: 'The certificate to show to the brokers, as PEM; needs `key`' },
    key: { spec: path('file'), doc: 'The private key of `cert`, as PEM' },
  }),
  'cert',
  'key',
);
const tls: Spec<KafkaTls | null> = {
  ...tlsFiles,
  typeText: 'map, `true` or `false`',
  check(node, where, context) {
    if (node.kind === 'map' && node.entries.length > 0) {
      const files = tlsFiles.check(node, where, context);
      return files && { ca: files.ca ?? null, cert: files.cert ?? null, key: files.key ?? null };
    }
    const value = node.kind === 'scalar' ? String(node.value) : '';
    if (value === 'true') return { ca: null, cert: null, key: null };
    if (value === 'false') return null;
    const expected = 'true, or keys ca, cert, key';
    const isEmpty = node.kind === 'map' || (node.kind === 'scalar' && node.value === null);
    const message = isEmpty
      ? emptyMessage(where, node, expected)
      : `${where} must be ${expected}, not ${shownValue(node)}`;
    context.problems.error(node.offset, message);
    return undefined;
  },
  jsonSchema: () => ({
    anyOf: [
      { enum: [true, false, 'true', 'false'] },
      { type: 'string', pattern: VARIABLE },
      { ...tlsFiles.jsonSchema(), type: 'object', minProperties: 1 },
    ],
  }),
};

const sasl = object({
  mechanism: {
    spec: choice({ plain: true, 'scram-sha-256': true, 'scram-sha-512': true }),
    required: true,
    example: 'scram-sha-512',
    doc: 'How the name and the password are proved; `plain` sends them as they are and needs `tls`',
  },
  username: { spec: text(), required: true, example: 'pitwall', doc: 'The name' },
  password: {
    spec: secret(),
    required: true,
    example: `"$\{KAFKA_PASSWORD}"`,
    doc: 'The password; take it from a variable',
  },
});

const registry = bothOrNeither(
  object({
    url: { spec: httpUrl(), required: true, example: 'http://127.0.0.1:8081', doc: 'Where the registry answers' },
    username: { spec: text(), doc: 'The name for HTTP Basic; needs `password`' },
    password: { spec: secret(), doc: 'The password of `username`' },
  }),
  'username',
  'password',
);

/** Keys of whatever speaks to a Kafka cluster. */
export const kafkaKeys = {
  brokers: {
    spec: brokers,
    required: true,
    example: '[127.0.0.1:9092]',
    doc: 'Brokers to begin with, the others are learned from them; also one text with commas, as Kafka writes it',
  },
  tls: { spec: tls, example: 'true', doc: 'Encrypts; `true` accepts the authorities of the machine' },
  sasl: { spec: sasl, doc: 'Who Pitwall is, for the brokers' },
  compression: {
    spec: choice({ none: true, gzip: true, snappy: true, lz4: true }),
    default: 'lz4',
    doc: 'How messages are packed',
  },
  replication: {
    spec: integer(1, 32_767),
    defaultText: "the brokers' default",
    doc: 'On how many brokers each partition is kept, for topics made here',
  },
  registry: { spec: registry, doc: "A schema registry with the HTTP interface of Confluent's" },
} as const;
