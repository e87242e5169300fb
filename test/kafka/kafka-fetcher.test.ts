import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { isOutOfRange, KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { TopicAdmin } from '../../kafka/topic-admin.js';
import type { KafkaServer } from '../servers/kafka-server.js';
import { needsOwnKafka, needsSharedKafka, sharedKafka, startKafka, uniqueName } from '../servers/kafka-server.js';

const OPTIONS = { clientId: 'fetcher-test', compression: 'lz4', retries: 3 } as const;

async function start(t: TestContext, { brokers }: Pick<KafkaServer, 'brokers'>, partitions: number) {
  const connection = { brokers, tls: null, sasl: null };
  const topic = uniqueName('fetch');
  const admin = new TopicAdmin(connection, OPTIONS);
  await admin.ensure([{ topic, partitions, replication: null, configs: {} }]);
  await admin.close();
  const writer = new KafkaWriter(connection, OPTIONS);
  const fetcher = new KafkaFetcher(connection, OPTIONS);
  t.after(() => Promise.all([writer.close(), fetcher.close()]));
  const write = (partition: number, values: string[]) => {
    const messages = values.map((value) => ({ partition, key: null, value: Buffer.from(value) }));
    return writer.send([{ topic, messages }]);
  };
  /** All from an offset on, a piece at a time. */
  const readAll = async (partition: number, from: number, bytes: number) => {
    const { end } = await fetcher.bounds(topic, partition);
    const values: string[] = [];
    for (let at = from; at < end; ) {
      const taken = await fetcher.take(topic, partition, at, bytes);
      for (const { offset, value } of taken) {
        assert.equal(offset, at++);
        values.push(String(value));
      }
    }
    return values;
  };
  return { connection, topic, writer, fetcher, write, readAll };
}

const texts = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe('The fetcher', needsSharedKafka(), () => {
  test('reads partitions from any offset on, forward and back again, each at its own pace', async (t) => {
    const { fetcher, topic, write, readAll } = await start(t, await sharedKafka(), 3);
    for (let p = 0; p < 3; p++) for (let i = 0; i < 4; i++) await write(p, texts(250, `${p}.${i}.`));
    const all = (p: number) => texts(4, '').flatMap((i) => texts(250, `${p}.${i}.`));
    // In the middle of a batch, at its first message, at its last.
    for (const from of [0, 1, 249, 250, 619, 999, 1000, 3]) {
      assert.deepEqual(await readAll(1, from, 1000), all(1).slice(from), `from ${from}`);
    }
    const [zero, two] = await Promise.all([fetcher.take(topic, 0, 10, 1), fetcher.take(topic, 2, 700, 1)]);
    assert.deepEqual([String(zero[0]!.value), String(two[0]!.value)], ['0.0.10', '2.2.200']);
    assert.equal(fetcher.knownEnd(topic, 2), 1000);
  });

  test('waits until one of the partitions it reads has more, and no longer', async (t) => {
    const { fetcher, topic, write } = await start(t, await sharedKafka(), 2);
    assert.deepEqual(await fetcher.take(topic, 0, 0, 100), []);
    assert.deepEqual(await fetcher.take(topic, 1, 0, 100), []);
    assert.equal(await fetcher.wait(100), false);
    const waiting = fetcher.wait(30_000);
    await write(1, ['a']);
    assert.equal(await waiting, true);
    assert.equal((await fetcher.take(topic, 1, 0, 100)).length, 1);
  });

  test('says which offsets there are none of', async (t) => {
    const { fetcher, topic, write } = await start(t, await sharedKafka(), 1);
    await write(0, texts(10, 'x'));
    assert.deepEqual(await fetcher.bounds(topic, 0), { start: 0, end: 10 });
    await assert.rejects(fetcher.take(topic, 0, 11, 100), (error) => isOutOfRange(error));
    assert.equal((await fetcher.take(topic, 0, 9, 100)).length, 1);
  });

  test('gives one message however large, and no more than was asked for of small ones', async (t) => {
    const { fetcher, topic, write, readAll } = await start(t, await sharedKafka(), 1);
    await write(0, ['x'.repeat(900_000)]);
    await write(0, texts(1000, 'abcdefghij'));
    assert.equal((await fetcher.take(topic, 0, 0, 10))[0]!.value!.length, 900_000);
    assert.ok((await fetcher.take(topic, 0, 1, 100)).length <= 10);
    assert.equal((await readAll(0, 0, 1_000_000)).length, 1001);
  });
});

describe('The fetcher, when its broker', needsOwnKafka(), () => {
  test('is killed and comes back, fails with what can be tried again, and then goes on where it was', async (t) => {
    const server = await startKafka();
    const { fetcher, topic, write, readAll } = await start(t, server, 1);
    await write(0, texts(100, 'before'));
    assert.equal((await readAll(0, 0, 1000)).length, 100);
    await server.kill();
    await assert.rejects(fetcher.take(topic, 0, 100, 1000), { code: 'bus-failed', retryable: true });
    await server.start();
    await write(0, texts(100, 'after'));
    assert.deepEqual(await readAll(0, 100, 1000), texts(100, 'after'));
  });
});
