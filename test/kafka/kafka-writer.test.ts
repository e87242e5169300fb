import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Message } from 'kafkajs';
import { crc32c } from '../../kafka/crc32c.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { KAFKA_COMPRESSIONS } from '../../kafka/kafka-connection.js';
import { type FetchedMessage, KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { ensureTopics } from '../../kafka/topic-admin.js';
import { needsOwnKafka, needsSharedKafka, sharedKafka, startKafka, uniqueName } from '../servers/kafka-server.js';
import { KafkaProxy } from '../support/kafka-proxy.js';

const client = { clientId: 'kafka-writer-test' };
const NOW_MS = Date.now();

function writerOf(t: TestContext, kafka: KafkaConnection, compression: 'none' | 'lz4' | 'gzip' | 'snappy') {
  const writer = new KafkaWriter(kafka, { ...client, compression });
  t.after(() => writer.close());
  return writer;
}

async function topicOf(kafka: KafkaConnection, partitions: number): Promise<string> {
  const topic = uniqueName('written');
  await ensureTopics(kafka, client, [{ topic, partitions, replication: 1, configs: {} }]);
  return topic;
}

async function readAll(
  t: TestContext,
  kafka: KafkaConnection,
  topic: string,
  partition: number,
): Promise<FetchedMessage[]> {
  const fetcher = new KafkaFetcher(kafka, client);
  t.after(() => fetcher.close());
  const { end } = await fetcher.bounds(topic, partition);
  const all: FetchedMessage[] = [];
  for (let at = 0; at < end; at = all.at(-1)!.offset + 1) {
    const taken = await fetcher.take(topic, partition, at, 1 << 20);
    if (taken.length === 0) await fetcher.wait(1000);
    all.push(...taken);
  }
  return all;
}

test('CRC-32C is that of its definition, however the bytes are cut', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
  const slowly = (bytes: Uint8Array) => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      assert.equal(crc32c(bytes), slowly(bytes));
      assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), slowly(bytes));
    }),
  );
});

test(
  'Whatever keys, values, headers and times messages have, they are read as they were.',
  needsSharedKafka(),
  async (t) => {
    const kafka = { brokers: [...(await sharedKafka()).brokers], tls: null, sasl: null };
    const bytes = fc.oneof(
      fc.constant(null),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
    );
    const header = fc.oneof(
      fc.string({ maxLength: 70 }),
      fc.uint8Array({ maxLength: 9 }).map((each) => Buffer.from(each)),
    );
    const message = fc.record({
      partition: fc.nat(2),
      key: bytes,
      value: bytes,
      headers: fc.dictionary(
        fc.constantFrom('stream', 'origin', 'née', ''),
        fc.oneof(header, fc.array(header, { minLength: 2, maxLength: 3 })),
      ),
      timestamp: fc.nat(100_000_000).map((ago) => String(NOW_MS - ago)),
    });
    const asBytes = (each: Buffer | string | null | undefined) =>
      typeof each === 'string' ? Buffer.from(each) : (each ?? null);
    for (const [seed, compression] of KAFKA_COMPRESSIONS.entries()) {
      const topic = await topicOf(kafka, 3);
      const writer = writerOf(t, kafka, compression);
      const calls: Message[][] = fc.sample(fc.array(message, { maxLength: 40 }), { numRuns: 8, seed });
      // More messages than a byte counts, and one that is long.
      calls.push(
        Array.from({ length: 300 }, (_, i) => ({
          partition: 0,
          key: null,
          value: `${i} ${'long '.repeat(i === 7 ? 20_000 : 1)}`,
        })),
      );
      // Packed at once, sent in order.
      const packed = await Promise.all(calls.map((messages) => writer.pack([{ topic, messages }])));
      for (const each of packed) await writer.sendPacked(each);
      for (let partition = 0; partition < 3; partition++) {
        const wanted = calls.flat().filter((each) => each.partition === partition);
        const found = await readAll(t, kafka, topic, partition);
        assert.equal(found.length, wanted.length);
        for (const [i, { key, value, headers, timestampMs }] of found.entries()) {
          const own = wanted[i]!;
          assert.deepEqual([key, value], [asBytes(own.key), asBytes(own.value)]);
          if (own.timestamp !== undefined) assert.equal(timestampMs, Number(own.timestamp));
          const pairs = Object.entries(own.headers ?? {}).map(([name, each]) => {
            return [name, Array.isArray(each) ? each.map(asBytes) : asBytes(each as Buffer | string)];
          });
          assert.deepEqual({ ...headers }, Object.fromEntries(pairs));
        }
      }
    }
  },
);

test('What is sent again since its answer was lost stands in its partition once.', needsOwnKafka(), async (t) => {
  let proxy: KafkaProxy | null = null;
  const through = async (port: number) => {
    proxy = await KafkaProxy.start(port);
    return proxy.port;
  };
  const server = await startKafka({ through });
  t.after(() => server.stop());
  const kafka = { brokers: [...server.brokers], tls: null, sasl: null };
  const topic = await topicOf(kafka, 4);
  const writer = writerOf(t, kafka, 'lz4');
  proxy!.loseEach = 3;
  for (let call = 0; call < 30; call++) {
    const messages = [0, 1, 2, 3].flatMap((partition) => {
      return ['a', 'b'].map((which) => ({ partition, key: null, value: `${call}${which}` }));
    });
    await writer.send([{ topic, messages }]);
  }
  assert.ok(proxy!.lost >= 10);
  proxy!.loseEach = 0;
  const wanted = Array.from({ length: 30 }, (_, call) => [`${call}a`, `${call}b`]).flat();
  for (let partition = 0; partition < 4; partition++) {
    const found = await readAll(t, kafka, topic, partition);
    assert.deepEqual(
      found.map(({ value }) => String(value)),
      wanted,
    );
  }
});
