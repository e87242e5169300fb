import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { type IHeaders, Kafka, logLevel } from 'kafkajs';
import { KafkaAuditor } from '../../../sinks/kafka/kafka-auditor.js';
import { KafkaSink } from '../../../sinks/kafka/kafka-sink.js';
import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { ask } from '../../servers/clients.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../../servers/kafka-server.js';
import { needsSharedSchemaRegistry, sharedSchemaRegistry } from '../../servers/schema-registry.js';
import { asAdmin } from '../../support/kafka-admin.js';
import { audited, wrongOf } from '../audited.js';
import { avroRowsOf } from './avro-rows.js';
import { batchOf } from './batch-of.js';
import { type ReadMessage, readCommitted } from './read-committed.js';
import { optionsOf } from './sink-options.js';

const STREAM = 'car/1/stream 1';
// Of columns that are numbers here and texts there a registry takes no versions.
const BATCHES = workload(54, 250).filter(({ batch }) => batch.rows === 0 || batch.schema.indexOf('ax') >= 0);

type Registry = KafkaSinkOptions['registry'];
const KINDS: [name: string, options: Partial<KafkaSinkOptions>, registry: () => Promise<Registry>][] = [
  ['JSON rows', { format: 'json' }, async () => null],
  ['arrays of JSON', { format: 'json', rows: 'batch' }, async () => null],
  ['Avro rows', { format: 'avro' }, async () => null],
  ['arrays of Avro', { format: 'avro', rows: 'batch' }, async () => null],
  ['arrays of Avro with a registry', { format: 'avro', rows: 'batch' }, registryOf],
];

async function registryOf(): Promise<Registry> {
  return { url: (await sharedSchemaRegistry()).url, username: null, password: null };
}

describe('The audit of a Kafka sink', needsSharedKafka(), () => {
  const audit = async (
    t: TestContext,
    options: KafkaSinkOptions,
    streams: readonly string[] | null = null,
    batches: readonly SinkBatch[] = BATCHES,
  ) => {
    const auditor = new KafkaAuditor('under-test', options);
    t.after(() => auditor.close());
    return audited(auditor, batches, streams);
  };
  const produce = async (topic: string, messages: { key: string; value: Buffer; headers: IHeaders }[]) => {
    const { brokers } = await sharedKafka();
    const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  };
  const sinkOf = (t: TestContext, options: KafkaSinkOptions): KafkaSink => {
    const sink = new KafkaSink('under-test', options);
    t.after(() => sink.close());
    return sink;
  };

  for (const [name, more, registry] of KINDS) {
    const skip = registry === registryOf ? needsSharedSchemaRegistry().skip : false;
    test(`finds each row of ${name}, and of a stream what is gone and what is there twice.`, { skip }, async (t) => {
      const { brokers } = await sharedKafka();
      const topic = uniqueName('audited');
      const options = optionsOf(brokers, topic, { ...more, registry: await registry(), partitions: 1 });
      const sink = sinkOf(t, options);
      await sink.open();
      for (let at = 0; at < BATCHES.length; at += 50) {
        await sink.write(BATCHES.slice(at, at + 50));
        await sink.flush(true);
      }
      assert.deepEqual(wrongOf(await audit(t, options)), []);

      const messages = (await readCommitted(brokers, topic)).filter(({ headers }) => headers.stream === STREAM);
      const [last, broken] = [messages.at(-1)!, Buffer.from('\u0000no row')];
      await produce(topic, [
        { key: last.key!, value: last.value, headers: last.headers },
        { key: last.key!, value: broken, headers: last.headers },
        { key: 'others', value: broken, headers: {} },
      ]);
      const doubled = await audit(t, options);
      const { lost, duplicated } = doubled.ledgers.get(STREAM)!;
      assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: await rowsIn(last, options) });
      assert.equal(doubled.faults.length, 1);
      assert.match(
        doubled.faults[0]!,
        new RegExp(
          `^topic ${topic} has 1 messages of its streams that cannot be read as ${options.format} rows; the first: partition 0 offset \\d+: `,
        ),
      );

      // The oldest messages go, as they do by age.
      const before = messages[Math.min(3, messages.length - 1)]!.offset;
      const gone = messages.filter(({ offset }) => offset < before);
      await asAdmin(brokers, async (admin) => {
        // It finds the leaders of topics that it was asked about.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(before) }] });
      });
      const less = await audit(t, options, [STREAM]);
      assert.ok(gone.length > 0);
      assert.equal(
        less.ledgers.get(STREAM)!.lost,
        (await Promise.all(gone.map((message) => rowsIn(message, options)))).reduce((sum, rows) => sum + rows),
      );
    });
  }

  test('takes rows of a transaction for there when it is committed, and not before, each in the topic of its stream.', async (t) => {
    const { brokers } = await sharedKafka();
    const options = optionsOf(brokers, `${uniqueName('audited')}-{stream}`, { rows: 'batch' });
    const sink = sinkOf(t, options);
    await sink.open();
    // More than it holds, so that some of it is sent.
    const notes = Array.from({ length: 12 }, (_, i) => batchOf(10_000 + i, randomBytes(450_000).toString('hex')));
    const others = Array.from({ length: 3 }, (_, i) => batchOf(20_000 + i, 'short', 'car/1/other'));
    await sink.write([...notes, ...others]);
    const lost = async () => {
      const { ledgers, faults } = await audit(t, options, null, [...notes, ...others]);
      assert.deepEqual(faults, []);
      return [...ledgers.values()].map(({ stream, lost, duplicated }) => [stream, lost, duplicated]);
    };
    assert.deepEqual(await lost(), [
      ['car/1/note', 12, 0],
      ['car/1/other', 3, 0],
    ]);
    await sink.flush(true);
    assert.deepEqual(await lost(), [
      ['car/1/note', 0, 0],
      ['car/1/other', 0, 0],
    ]);
  });
});

async function rowsIn({ value, headers }: ReadMessage, { format, rows, registry }: KafkaSinkOptions): Promise<number> {
  if (rows === 'one') return 1;
  if (format === 'json') return (JSON.parse(value.toString()) as unknown[]).length;
  if (!registry) return avroRowsOf(headers.schema!, value).length;
  const { body } = await ask(`${registry.url}/schemas/ids/${value.readInt32BE(1)}`);
  return avroRowsOf(body.schema!, value.subarray(5)).length;
}
