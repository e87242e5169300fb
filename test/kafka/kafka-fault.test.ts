import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import kafkajs from 'kafkajs';
import { PitwallError } from '../../core/errors.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { kafkaFault, typeOf } from '../../kafka/kafka-fault.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { ensureTopics } from '../../kafka/topic-admin.js';
import { type KafkaServer, needsOwnKafka, startKafka } from '../servers/kafka-server.js';

const options = { clientId: 'fault-test', retries: 1 };
const plain = { tls: null, sasl: null };

let starting: Promise<KafkaServer> | null = null;
/** One server with every listener for this file, and two topics. */
function server(): Promise<KafkaServer> {
  starting ??= startKafka({ secure: true }).then(async (started) => {
    await ensureTopics({ brokers: [...started.brokers], ...plain }, options, [
      { topic: 'open', partitions: 1, replication: 1, configs: {} },
      { topic: 'small', partitions: 1, replication: 1, configs: { 'max.message.bytes': '1000' } },
      { topic: 'compacted', partitions: 1, replication: 1, configs: { 'cleanup.policy': 'compact' } },
    ]);
    return started;
  });
  return starting;
}
after(async () => (await starting)?.kill());

interface Case {
  title: string;
  connection(server: KafkaServer): Omit<KafkaConnection, 'brokers'> & { brokers: readonly string[] };
  topic?: string;
  message?: { value: string; key?: string; timestamp?: string };
  says: RegExp;
  retryable: boolean;
}

const trust = ({ security }: KafkaServer) => ({ ca: security!.ca, cert: null, key: null });

const cases: Case[] = [
  ...(['plain', 'scram-sha-256', 'scram-sha-512'] as const).map((mechanism) => ({
    title: `A wrong password (${mechanism}) is named as such.`,
    connection: ({ security }: KafkaServer) => ({
      brokers: security!.sasl,
      tls: null,
      sasl: { mechanism, username: 'admin', password: 'not-this-one' },
    }),
    says: /refused the user name or the password/,
    retryable: false,
  })),
  {
    title: 'A login where none is wanted says to leave it out.',
    connection: ({ brokers, security }) => ({ brokers, tls: null, sasl: { mechanism: 'plain', ...security!.admin } }),
    says: /leave sasl out/,
    retryable: false,
  },
  {
    title: 'No login where one is wanted says that the listener may want one.',
    connection: ({ security }) => ({ brokers: security!.sasl, ...plain }),
    says: /broker at 127\.0\.0\.1:\d+ closed the connection: does its listener want TLS or a login/,
    retryable: true,
  },
  {
    title: 'TLS to a port without TLS asks for the TLS listener.',
    connection: (s) => ({ brokers: s.brokers, tls: trust(s), sasl: null }),
    says: /broker at 127\.0\.0\.1:\d+ .*before TLS began: is it the port of its TLS listener/,
    retryable: true,
  },
  {
    title: 'No TLS to a port with TLS says that the listener may want it.',
    connection: ({ security }) => ({ brokers: security!.tls, ...plain }),
    says: /broker at 127\.0\.0\.1:\d+ closed the connection: does its listener want TLS/,
    retryable: true,
  },
  {
    title: 'A certificate that is not trusted says which option to set.',
    connection: ({ security }) => ({ brokers: security!.tls, tls: { ca: null, cert: null, key: null }, sasl: null }),
    says: /certificate of the broker at 127\.0\.0\.1:\d+ is not trusted \(\w+\): set tls\.ca/,
    retryable: true,
  },
  {
    title: 'A missing certificate of the client says which options to set.',
    connection: (s) => ({ brokers: s.security!.mutualTls, tls: trust(s), sasl: null }),
    says: /wants a certificate that it trusts: set tls\.cert and tls\.key$/,
    retryable: false,
  },
  {
    title: 'A file of tls that is not there is named.',
    connection: (s) => ({ brokers: s.security!.tls, tls: { ...trust(s), ca: '/nowhere/ca.pem' }, sasl: null }),
    says: /\/nowhere\/ca\.pem cannot be read \(ENOENT\)/,
    retryable: false,
  },
  {
    title: 'A key that is none says that a file of tls cannot be used.',
    connection: (s) => ({
      brokers: s.security!.mutualTls,
      tls: { ca: s.security!.ca, cert: s.security!.clientCert, key: s.security!.ca },
      sasl: null,
    }),
    says: /a file of tls cannot be used/,
    retryable: false,
  },
  {
    title: 'A user without rights is told which one it lacks.',
    connection: ({ security }) => ({
      brokers: security!.sasl,
      tls: null,
      sasl: { mechanism: 'plain', ...security!.limited },
    }),
    says: /writing to open: the user lacks a right: IdempotentWrite on the cluster, or Write on the topic/,
    retryable: false,
  },
  {
    title: 'A message that is too large names the setting of the topic.',
    connection: ({ brokers }) => ({ brokers, ...plain }),
    topic: 'small',
    message: { value: 'x'.repeat(5000) },
    says: /writing to small: .*max\.message\.bytes/,
    retryable: false,
  },
  {
    title: 'A time too far ahead names the settings of the topic.',
    connection: ({ brokers }) => ({ brokers, ...plain }),
    message: { value: 'x', timestamp: String(Date.UTC(2199, 0)) },
    says: /message\.timestamp\.after\.max\.ms/,
    retryable: false,
  },
  {
    title: 'A message without a key in a compacted topic is explained.',
    connection: ({ brokers }) => ({ brokers, ...plain }),
    topic: 'compacted',
    says: /compacted and takes no message without a key/,
    retryable: false,
  },
  {
    title: 'A topic that is not there is named, and may come.',
    connection: ({ brokers }) => ({ brokers, ...plain }),
    topic: 'nowhere',
    says: /writing to nowhere: the topic is not there, or not yet/,
    retryable: true,
  },
  {
    title: 'A broker that does not listen is named with its address.',
    connection: () => ({ brokers: ['127.0.0.1:1'], ...plain }),
    says: /no broker answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
    retryable: true,
  },
  {
    title: 'A host that does not exist is named.',
    connection: () => ({ brokers: ['no-such-host.invalid:9092'], ...plain }),
    says: /no broker answers at no-such-host\.invalid:9092 \((ENOTFOUND|EAI_AGAIN)\)/,
    retryable: true,
  },
];

for (const { title, connection, topic = 'open', message = { value: 'x' }, says, retryable } of cases) {
  test(title, needsOwnKafka(), async () => {
    const { brokers, ...how } = connection(await server());
    const writer = new KafkaWriter({ brokers: [...brokers], ...how }, { ...options, compression: 'none' });
    const error = await writer.send([{ topic, messages: [{ ...message, partition: 0 }] }]).then(
      () => assert.fail('it was written'),
      (fault: unknown) => fault as PitwallError,
    );
    await writer.close();
    assert.ok(error instanceof PitwallError);
    assert.match(error.message, says);
    assert.deepEqual([error.code, error.stage, error.retryable], ['bus-failed', 'bus', retryable]);
    assert.doesNotMatch(inspect(error, { depth: 10 }), /not-this-one|admin-secret|limited-secret/);
  });
}

test('A user without rights to a topic is told so when it reads.', needsOwnKafka(), async () => {
  const { security } = await server();
  const login = { mechanism: 'plain' as const, ...security!.limited };
  const fetcher = new KafkaFetcher({ brokers: [...security!.sasl], tls: null, sasl: login }, options);
  await assert.rejects(fetcher.take('open', 0, 0, 1), { message: /no right to the topic: it needs .*Read to read/ });
  await fetcher.close();
});

test('A server that is none of Kafka is told apart from one that is not there.', async () => {
  const other = createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const at = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const writer = new KafkaWriter({ brokers: [at], ...plain }, { ...options, compression: 'none' });
  const sent = writer.send([{ topic: 'open', messages: [{ value: 'x', partition: 0 }] }]);
  await assert.rejects(sent, {
    retryable: true,
    message: new RegExp(`broker at ${at} closed the connection.*Kafka's`),
  });
  await writer.close();
  other.close();
});

/** The types of kafkajs leave out some of what its errors are made from. */
type ErrorOf = new (error: Error | string, more?: object) => Error;
const { KafkaJSProtocolError, KafkaJSNumberOfRetriesExceeded, KafkaJSNonRetriableError, KafkaJSAggregateError } =
  kafkajs as unknown as Record<
    'KafkaJSProtocolError' | 'KafkaJSNumberOfRetriesExceeded' | 'KafkaJSNonRetriableError' | 'KafkaJSAggregateError',
    ErrorOf
  >;

/** As kafkajs makes it of a broker's answer. */
function answer(type: string): Error {
  return new KafkaJSProtocolError(
    Object.assign(new Error(`the words for ${type}`), { type, code: 0, retriable: true }),
  );
}

/** What one server alone never says. */
const answers: [type: string, says: RegExp, retryable: boolean][] = [
  ['NOT_ENOUGH_REPLICAS', /fewer replicas are in sync .*min\.insync\.replicas/, true],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', /fewer replicas are in sync .*min\.insync\.replicas/, true],
  ['LEADER_NOT_AVAILABLE', /no leader/, true],
  ['INVALID_REPLICATION_FACTOR', /fewer brokers than replicas/, false],
  ['RECORD_LIST_TOO_LARGE', /max\.message\.bytes/, false],
  ['POLICY_VIOLATION', /policy of the cluster/, false],
  ['GROUP_AUTHORIZATION_FAILED', /right \(Read\) to the consumer group/, false],
  ['UNSUPPORTED_SASL_MECHANISM', /do not offer this SASL mechanism/, false],
  ['KAFKA_STORAGE_ERROR', /a disk of a broker/, true],
  ['SOMETHING_NEW', /the words for SOMETHING_NEW/, true],
];

for (const [type, says, retryable] of answers) {
  test(`${type} is put into words, however kafkajs wraps it.`, () => {
    const bare = answer(type);
    const wrapped = [
      bare,
      new KafkaJSNumberOfRetriesExceeded(bare, { retryCount: 5, retryTime: 100 }),
      new KafkaJSNonRetriableError(bare, { cause: bare }),
      new KafkaJSAggregateError('several', [bare]),
      new KafkaJSNumberOfRetriesExceeded(new KafkaJSAggregateError('several', [bare]), {
        retryCount: 5,
        retryTime: 100,
      }),
    ];
    for (const error of wrapped) {
      const fault = kafkaFault(error, 'writing to laps', 'sink-failed');
      assert.match(fault.message, says);
      assert.ok(fault.message.startsWith('Kafka, writing to laps: '));
      assert.deepEqual(
        [fault.code, fault.stage, fault.retryable, fault.cause],
        ['sink-failed', 'sink', retryable, bare],
      );
      assert.equal(typeOf(error), type);
    }
  });
}

test('A fault that is in words already stays as it is, however kafkajs wraps it.', () => {
  const fault = new PitwallError('bad-configuration', 'a codec is missing', { stage: 'bus' });
  assert.equal(kafkaFault(fault, 'writing'), fault);
  assert.equal(kafkaFault(new KafkaJSNonRetriableError(fault, { cause: fault }), 'writing'), fault);
});
