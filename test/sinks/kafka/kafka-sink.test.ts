import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { KafkaFetcher } from '../../../kafka/kafka-fetcher.js';
import { KafkaSink } from '../../../sinks/kafka/kafka-sink.js';
import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { rowsOf, workload } from '../../contract/sink-workload.js';
import { needsOwnKafka, needsSharedKafka, sharedKafka, startKafka, uniqueName } from '../../servers/kafka-server.js';
import { needsSharedSchemaRegistry, sharedSchemaRegistry } from '../../servers/schema-registry.js';
import { asAdmin, makeTopics, type Right, setRights } from '../../support/kafka-admin.js';
import { assertRows, finite } from './assert-rows.js';
import { avroRowsOf } from './avro-rows.js';
import { batchOf } from './batch-of.js';
import { consumeInPython, needsPython } from './python-consumer.js';
import { type ReadMessage, readCommitted, writeLast } from './read-committed.js';
import { jsonRows, optionsOf, rowsByStream } from './sink-options.js';

function rowCount(batches: readonly SinkBatch[]): number {
  return batches.reduce((sum, { batch }) => sum + batch.rows, 0);
}

describe('The Kafka sink', needsSharedKafka(), () => {
  const start = async (t: TestContext, topic: string, more: Partial<KafkaSinkOptions> = {}): Promise<KafkaSink> => {
    const { brokers } = await sharedKafka();
    const sink = new KafkaSink('under-test', optionsOf(brokers, topic, more));
    t.after(() => sink.close());
    return sink;
  };
  const read = async (topic: string) => readCommitted((await sharedKafka()).brokers, topic);
  /** Messages that a topic holds, committed or not, with the ends of transactions. */
  const size = async (topic: string): Promise<number> => {
    const { brokers } = await sharedKafka();
    // kafkajs's own admin counts up to where a transaction is open.
    const fetcher = new KafkaFetcher({ brokers: [...brokers], tls: null, sasl: null }, { clientId: 'test' });
    const { topics } = await asAdmin(brokers, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    let messages = 0;
    for (const { partitionId } of topics[0]!.partitions) messages += (await fetcher.bounds(topic, partitionId)).end;
    await fetcher.close();
    return messages;
  };

  test('that is dropped with a transaction open leaves nothing of it, and the next one goes on behind the last.', async (t) => {
    const topic = uniqueName('dropped');
    const batches = workload(11, 400).filter(({ batch }) => batch.schema.indexOf('ax') >= 0 || batch.rows === 0);
    const first = await start(t, topic, { format: 'avro' });
    await first.open();
    await first.write(batches.slice(0, 100));
    await first.flush(true);
    await first.write(batches.slice(100, 150));
    // More than it holds, so that some of it is sent.
    await first.write(Array.from({ length: 12 }, (_, i) => batchOf(10_000 + i, randomBytes(450_000).toString('hex'))));
    assert.ok((await size(topic)) > rowCount(batches.slice(0, 150)));

    const second = await start(t, topic, { format: 'avro' });
    const positions = await second.open();
    const ends = new Map(positions.map(({ partition, offset }) => [partition, offset]));
    for (const { partition, offset } of batches.slice(0, 100)) assert.ok(offset < ends.get(partition)!);
    await second.write(batches);
    await second.flush(true);
    const decode = ({ headers, value }: ReadMessage) => avroRowsOf(headers.schema!, value);
    assertRows(rowsByStream(await read(topic), decode), rowsOf(batches));
    if (needsPython().skip) return;
    const { brokers } = await sharedKafka();
    assertPythonRows(await consumeInPython(brokers, topic, await writeLast(brokers, topic)), batches);
  });

  test('that lost a partition is fenced, says so, and can be opened anew.', async (t) => {
    const topic = uniqueName('fenced');
    const batches = workload(12, 300);
    const [zombie, owner] = [await start(t, topic), await start(t, topic)];
    await zombie.open();
    await zombie.write(batches.slice(0, 100));
    await zombie.flush(true);
    await zombie.write(batches.slice(0, 200));
    await owner.open();
    await owner.write(batches.slice(0, 250));
    await owner.flush(true);
    await assert.rejects(zombie.flush(true), {
      code: 'sink-failed',
      retryable: true,
      message: /another process has taken over/,
    });
    await assert.rejects(zombie.write(batches), { code: 'sink-failed', retryable: true });
    await zombie.open();
    await zombie.write(batches);
    await zombie.flush(true);
    await assert.rejects(
      owner
        .flush(true)
        .then(() => owner.write(batches))
        .then(() => owner.flush(true)),
      { retryable: true },
    );
    assertRows(rowsByStream(await read(topic), jsonRows), finite(rowsOf(batches)));
  });

  test('shares a topic with others of its name whose input is another.', async (t) => {
    const topic = uniqueName('fleet');
    const sinks = await Promise.all(
      ['one', 'two'].map((bus) => start(t, topic, { feeder: { bus, partitions: [0, 1, 2] } })),
    );
    const batches = workload(13, 200);
    const fed = (log: string) => batches.map((batch) => ({ ...batch, topic: `telemetry@${log}` }));
    for (const sink of sinks) await sink.open();
    for (let at = 0; at < batches.length; at += 50) {
      for (const [i, sink] of sinks.entries()) {
        await sink.write(fed(`log-${i}`).slice(at, at + 50));
        await sink.flush(true);
      }
    }
    const rows = [...rowsByStream(await read(topic), jsonRows).values()].flat().length;
    assert.equal(rows, 2 * rowCount(batches));
  });

  test('finds its positions also behind what another writer has open.', async (t) => {
    const topic = uniqueName('behind');
    const first = await start(t, topic);
    await first.open();
    await first.write([batchOf(0, 'before')]);
    await first.flush(true);
    const { brokers } = await sharedKafka();
    const other = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
      transactionalId: uniqueName('other'),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await other.connect();
    t.after(() => other.disconnect());
    const open = await other.transaction();
    const key = JSON.stringify(['under-test', 'telemetry', 0]);
    await open.send({ topic: `pitwall-positions.${topic}`, messages: [{ key, value: '999' }] });
    await first.write([batchOf(1, 'after')]);
    await first.flush(true);
    const second = await start(t, topic);
    assert.deepEqual(await second.open(), [{ topic: 'telemetry', partition: 0, offset: 2 }]);
    await open.abort();
    const third = await start(t, topic);
    assert.deepEqual(await third.open(), [{ topic: 'telemetry', partition: 0, offset: 2 }]);
  });

  test('names the entity, the stream and its tags, and puts an entity where other producers put its key.', async (t) => {
    const topic = uniqueName('named');
    const sink = await start(t, topic, { partitions: 7 });
    await sink.open();
    const keys = Array.from({ length: 20 }, (_, i) => `car/${i}`);
    await sink.write(
      keys.map((key, i) => ({ ...batchOf(i, 'x', `${key}/note`), key, tags: { car: key, class: 'gt3' } })),
    );
    await sink.flush(true);
    const partitionOf = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: 7 }, (_, partitionId) => ({ partitionId, leader: 1 }) as never);
    const messages = await read(topic);
    assert.equal(messages.length, 20);
    for (const { key, headers, partition, timestamp, value } of messages) {
      assert.deepEqual(headers, { stream: `${key}/note`, 'tag.car': key, 'tag.class': 'gt3' });
      assert.equal(partition, partitionOf({ topic, partitionMetadata, message: { key: key!, value: null } }));
      assert.equal(timestamp, 1_711_111_111_123);
      const row = { stream: `${key}/note`, timeUs: 1_711_111_111_123_000, car: key, class: 'gt3', note: 'x' };
      assert.deepEqual(JSON.parse(value.toString()), row);
    }
  });

  test('writes the same rows as JSON and Avro, one a message and many.', async (t) => {
    const batches = workload(14, 200);
    const wanted = rowsOf(batches);
    const counts: number[] = [];
    for (const format of ['json', 'avro'] as const) {
      for (const rows of ['one', 'batch'] as const) {
        const topic = uniqueName(`${format}-${rows}`);
        const sink = await start(t, topic, { format, rows, compression: rows === 'one' ? 'snappy' : 'none' });
        await sink.open();
        for (let at = 0; at < batches.length; at += 60) await sink.write(batches.slice(at, at + 60));
        await sink.flush(true);
        const messages = await read(topic);
        const decode = ({ headers, value }: ReadMessage) => avroRowsOf(headers.schema!, value);
        if (format === 'json') assertRows(rowsByStream(messages, jsonRows), finite(rowsOf(batches)));
        else assertRows(rowsByStream(messages, decode), wanted);
        counts.push(messages.length);
      }
    }
    const total = [...wanted.values()].flat().length;
    assert.deepEqual([counts[0], counts[2]], [total, total]);
    assert.ok(counts[1]! < total / 20 && counts[3] === counts[1], `${counts}`);
  });

  test('closes a message with many rows when it is large enough, and before the columns change.', async (t) => {
    const topic = uniqueName('closed');
    const sink = await start(t, topic, { rows: 'batch' });
    await sink.open();
    const texts = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(20_000, 'x'));
    const batches = texts.map((text, i) => batchOf(i, text, 'car/1/note', i < 30 ? 'note' : 'other'));
    await sink.write(batches);
    await sink.flush(true);
    const messages = await read(topic);
    for (const { value } of messages) assert.ok(value.length <= 256 * 1024 + 2);
    assert.ok(messages.length < 8);
    assert.deepEqual(
      messages.flatMap(jsonRows).map((row) => row.note ?? row.other),
      texts,
    );
  });

  test('registers its schema, and any client with that registry reads the rows.', {
    ...needsSharedSchemaRegistry(),
    ...needsPython(),
  }, async (t) => {
    const { url } = await sharedSchemaRegistry();
    const { brokers } = await sharedKafka();
    const batches = workload(15, 150).filter(({ batch }) => batch.schema.indexOf('ax') >= 0 || batch.rows === 0);
    for (const rows of ['one', 'batch'] as const) {
      const topic = uniqueName(`registered-${rows}`);
      const sink = await start(t, topic, { format: 'avro', rows, registry: { url, username: null, password: null } });
      await sink.open();
      await sink.write(batches);
      await sink.flush(true);
      const found = await consumeInPython(brokers, topic, await writeLast(brokers, topic), url);
      assertPythonRows(found, batches);
      const subjects = (await (await fetch(`${url}/subjects`)).json()) as string[];
      assert.ok(subjects.includes(`${topic}-value`));
    }
  });

  test('puts the schema into a header without a registry, and any client reads the rows.', needsPython(), async (t) => {
    const { brokers } = await sharedKafka();
    const batches = workload(16, 150).filter(({ batch }) => batch.schema.indexOf('ax') >= 0 || batch.rows === 0);
    const topic = uniqueName('self-described');
    const sink = await start(t, topic, { format: 'avro' });
    await sink.open();
    await sink.write(batches.slice(0, 80));
    await sink.flush(true);
    await sink.write(batches.slice(80));
    // Dropped while it writes: nothing of it may be seen, and all of it once with the next one.
    const next = await start(t, topic, { format: 'avro' });
    await next.open();
    await next.write(batches);
    await next.flush(true);
    assertPythonRows(await consumeInPython(brokers, topic, await writeLast(brokers, topic)), batches);
  });

  test('takes a topic by stream or tag, each made when its first row comes.', async (t) => {
    const name = uniqueName('spread');
    const sink = await start(t, `${name}-{car}`);
    await sink.open();
    const batches = ['44', '63', 'a/b', undefined].map((car, i) => {
      return { ...batchOf(i, 'x'), tags: car === undefined ? {} : { car } } as SinkBatch;
    });
    await sink.write(batches);
    await sink.flush(true);
    for (const car of ['44', '63', 'a.b', 'other']) assert.equal((await read(`${name}-${car}`)).length, 1, car);
    assert.deepEqual(await (await start(t, `${name}-{car}`)).open(), [{ topic: 'telemetry', partition: 0, offset: 4 }]);
  });

  test('sends what is more than it holds before the flush, and shows it with the flush.', async (t) => {
    const topic = uniqueName('large');
    const sink = await start(t, topic, { compression: 'none' });
    await sink.open();
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 300; i++) await sink.write([batchOf(i, text)]);
    const sent = await size(topic);
    assert.ok(sent >= 200, `${sent} messages were sent`);
    await sink.flush(false);
    assert.equal((await read(topic)).length, 300);
  });

  test('spends no transaction on partitions where only ticks came, but now and then.', async (t) => {
    const topic = uniqueName('ticks');
    const sink = await start(t, topic);
    await sink.open();
    const tick = (offset: number) => ({
      ...batchOf(offset, ''),
      partition: 1,
      batch: { ...batchOf(0, '').batch, rows: 0 },
    });
    await sink.write([tick(0)]);
    await sink.flush(false);
    for (let i = 1; i <= 10; i++) {
      await sink.write([tick(i), batchOf(i, 'x')]);
      await sink.flush(false);
    }
    assert.deepEqual(await sink.flush(false), [
      { topic: 'telemetry', partition: 0, offset: 11 },
      { topic: 'telemetry', partition: 1, offset: 1 },
    ]);
    // A position and the end of its transaction, for each that had rows and for the first tick.
    assert.equal(await size(`pitwall-positions.${topic}`), 2 * 11);
    assert.deepEqual((await sink.flush(true))[1], { topic: 'telemetry', partition: 1, offset: 11 });
  });

  test('says which topic takes no message so large, and stops.', async (t) => {
    const topic = uniqueName('narrow');
    const configEntries = [{ name: 'max.message.bytes', value: '5000' }];
    await makeTopics((await sharedKafka()).brokers, [{ topic, numPartitions: 1, configEntries }]);
    const sink = await start(t, topic);
    await sink.open();
    await sink.write(Array.from({ length: 50 }, (_, i) => batchOf(i, randomBytes(500).toString('hex'))));
    await sink.flush(true);
    assert.equal((await read(topic)).length, 50, 'what fits is split as the topic takes it');
    await sink.write([batchOf(50, randomBytes(20_000).toString('hex'))]);
    await assert.rejects(sink.flush(true), {
      code: 'sink-failed',
      retryable: false,
      message: new RegExp(`stream car/1/note, is larger than topic ${topic} takes; raise its max.message.bytes`),
    });
    await sink.open();
    await sink.write([batchOf(50, 'small')]);
    await sink.flush(true);
    assert.equal((await read(topic)).length, 51);
  });

  test('says so when no broker answers, and may be opened again.', async () => {
    const connection = { brokers: ['127.0.0.1:1'], tls: null, sasl: null };
    const sink = new KafkaSink('under-test', optionsOf([], 'any', { connection }));
    await assert.rejects(sink.open(), {
      code: 'sink-failed',
      retryable: true,
      message: /^kafka sink "under-test": .*no broker answers at 127\.0\.0\.1:1/,
    });
    await sink.close();
  });
});

test(
  'A user with the rights that the README names, and no others, is enough for a Kafka sink.',
  needsOwnKafka(),
  async (t) => {
    const server = await startKafka({ secure: true, properties: { 'auto.create.topics.enable': 'false' } });
    t.after(() => server.kill());
    const { sasl, limited } = server.security!;
    const connection = { brokers: [...sasl], tls: null, sasl: { mechanism: 'plain' as const, ...limited } };
    const grant = (kind: Right['kind'], name: string, ...operations: Right['operation'][]) =>
      setRights(
        server.brokers,
        limited.username,
        operations.map((operation) => ({ kind, name, operation })),
      );
    const sink = new KafkaSink('under-test', optionsOf([], 'laps', { connection }));
    t.after(() => sink.close());
    const refused = (message: RegExp) =>
      assert.rejects(sink.open(), { code: 'sink-failed', retryable: false, message });
    await refused(/no right/);
    await grant('TOPIC', 'pitwall-positions', 'CREATE', 'DESCRIBE', 'WRITE', 'READ', 'DESCRIBE_CONFIGS');
    await refused(/topic laps: the user has no right to it/);
    await grant('TOPIC', 'laps', 'CREATE', 'DESCRIBE', 'WRITE', 'DESCRIBE_CONFIGS');
    await refused(/no right \(Write\) to the transactional id/);
    await grant('TRANSACTIONAL_ID', 'pitwall-', 'WRITE');
    await sink.open();
    await sink.write([batchOf(0, 'x')]);
    await sink.flush(true);
    assert.equal((await readCommitted(server.brokers, 'laps')).length, 1);
  },
);

function assertPythonRows(found: readonly Record<string, unknown>[], batches: readonly SinkBatch[]): void {
  // JSON has no NaN and no infinities.
  const number = (cell: unknown) =>
    typeof cell === 'number' ? String(cell).toLowerCase().replace('infinity', 'inf') : cell;
  const plain = (row: Record<string, unknown>) =>
    JSON.stringify(
      Object.keys(row)
        .sort()
        .map((name) => [name, number(row[name])]),
    );
  const byStream = new Map<string, string[]>();
  for (const { stream, time, ...cells } of found) {
    const row = Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== null));
    byStream.set(stream as string, [...(byStream.get(stream as string) ?? []), plain({ timeUs: time, ...row })]);
  }
  const wanted = new Map([...rowsOf(batches)].map(([stream, rows]) => [stream, rows.map(plain)]));
  assert.deepEqual([...byStream].sort(), [...wanted].sort());
}
