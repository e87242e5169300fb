import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { KAFKA_COMPRESSIONS, type KafkaConnection } from '../../kafka/kafka-connection.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { ensureTopics } from '../../kafka/topic-admin.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { needsPythonKafka, valuesWithPython } from '../servers/python-kafka.js';
import { javaTool, needsJavaTools } from './java-tools.js';

const options = { clientId: 'codecs-test' };
const closing: { close(): Promise<void> }[] = [];
after(async () => {
  for (const each of closing) await each.close();
});

async function connection(): Promise<KafkaConnection> {
  return { brokers: [...(await sharedKafka()).brokers], tls: null, sasl: null };
}

/** Texts of many lengths, some that shrink and some that do not; together several blocks of every codec. */
function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const noise = createHash('sha512').update(String(i)).digest('hex');
    return i % 2 === 0 ? `${i} ${noise.repeat(1 + (i % 5))}` : `${i} ${'imu '.repeat(i % 200)}`;
  });
}

async function topicOf(kafka: KafkaConnection, name: string): Promise<string> {
  const topic = uniqueName(name);
  await ensureTopics(kafka, options, [{ topic, partitions: 1, replication: 1, configs: {} }]);
  return topic;
}

async function write(
  kafka: KafkaConnection,
  topic: string,
  values: string[],
  compression: 'none' | 'gzip' | 'snappy' | 'lz4',
) {
  const writer = new KafkaWriter(kafka, { ...options, compression });
  closing.push(writer);
  await writer.send([{ topic, messages: values.map((value) => ({ value, key: 'k', partition: 0 })) }]);
}

async function read(kafka: KafkaConnection, topic: string, count: number): Promise<string[]> {
  const fetcher = new KafkaFetcher(kafka, options);
  closing.push(fetcher);
  const values: string[] = [];
  while (values.length < count) {
    const taken = await fetcher.take(topic, 0, values.length, 1 << 20);
    values.push(...taken.map(({ value }) => String(value)));
    if (taken.length === 0) await fetcher.wait(1000);
  }
  return values;
}

function needsJava(): { skip: string | false } {
  const { skip } = needsSharedKafka();
  return skip ? { skip } : needsJavaTools();
}

async function needsLibrdkafka(): Promise<{ skip: string | false }> {
  const { skip } = needsSharedKafka();
  return skip ? { skip } : needsPythonKafka();
}

const librdkafka = await needsLibrdkafka();

for (const compression of KAFKA_COMPRESSIONS) {
  test(`What is written here with ${compression} is read back here.`, needsSharedKafka(), async () => {
    const kafka = await connection();
    const topic = await topicOf(kafka, compression);
    const values = texts(2000);
    await write(kafka, topic, values, compression);
    await write(kafka, topic, ['the smallest batch'], compression);
    assert.deepEqual(await read(kafka, topic, 2001), [...values, 'the smallest batch']);
  });

  test(`What is written here with ${compression} is read by librdkafka.`, librdkafka, async () => {
    const kafka = await connection();
    const topic = await topicOf(kafka, compression);
    const values = texts(2000);
    await write(kafka, topic, values, compression);
    assert.deepEqual(await valuesWithPython(kafka.brokers, topic), values);
  });
}

test("What is written here with every codec is read by Kafka's Java client.", needsJava(), async () => {
  const kafka = await connection();
  const topic = await topicOf(kafka, 'to-java');
  const values = texts(2000);
  for (const compression of KAFKA_COMPRESSIONS) await write(kafka, topic, values, compression);
  const count = values.length * KAFKA_COMPRESSIONS.length;
  const output = await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', kafka.brokers[0]!, '--topic', topic, '--partition', '0', '--offset', 'earliest'],
    ...['--max-messages', String(count), '--consumer-property', 'check.crcs=true'],
  ]);
  assert.deepEqual(
    output.split('\n').slice(0, -1),
    KAFKA_COMPRESSIONS.flatMap(() => values),
  );
});

for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
  test(`What Kafka's Java client writes with ${codec} is read here.`, needsJava(), async (t) => {
    const kafka = await connection();
    const topic = await topicOf(kafka, 'from-java');
    const values = texts(2000);
    await javaTool(
      'org.apache.kafka.tools.ConsoleProducer',
      [
        '--bootstrap-server',
        kafka.brokers[0]!,
        '--topic',
        topic,
        '--compression-codec',
        codec,
        '--batch-size',
        '300000',
      ],
      values.map((value) => `${value}\n`).join(''),
    );
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
    if (codec !== 'zstd' || major > 22 || (major === 22 && minor >= 15)) {
      assert.deepEqual(await read(kafka, topic, values.length), values);
    } else {
      t.diagnostic('this Node has no zstd');
      await assert.rejects(read(kafka, topic, values.length), {
        code: 'bad-configuration',
        message: /zstd.*Node.*22\.15/,
      });
    }
  });
}

test(
  'Without its native library a codec is refused in clear words, and the others work.',
  needsSharedKafka(),
  async () => {
    const kafka = await connection();
    const topic = await topicOf(kafka, 'no-library');
    const script = `
    const { KafkaWriter } = await import(${JSON.stringify(new URL('../../kafka/kafka-writer.js', import.meta.url).href)});
    for (const compression of ['lz4', 'snappy', 'gzip', 'none']) {
      const writer = new KafkaWriter(${JSON.stringify(kafka)}, { clientId: 'test', compression });
      const answer = await writer.send([{ topic: ${JSON.stringify(topic)}, messages: [{ value: compression, partition: 0 }] }])
        .then(() => 'stored', (error) => error.code + ' ' + error.retryable + ' ' + error.message);
      console.log(compression + ': ' + answer);
      await writer.close();
    }`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      // Where napi-rs looks first, and then nowhere else.
      env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere/to/be/found.node' },
    }).toString();
    const [lz4, snappy, ...others] = output.trim().split('\n');
    assert.match(
      lz4!,
      /^lz4: bad-configuration false .*lz4 cannot be .*native library is not there for .*Use gzip or none/,
    );
    assert.match(snappy!, /^snappy: bad-configuration false .*snappy cannot be .*native library/);
    assert.deepEqual(others, ['gzip: stored', 'none: stored']);
    assert.deepEqual(await read(kafka, topic, 2), ['gzip', 'none']);
  },
);
