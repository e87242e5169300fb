import kafkajs, { type Message } from 'kafkajs';
import { COMPRESSION_TYPES, registerCodecs } from '../../kafka/codecs.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import type { BarePlan, BareResult } from './bare-plan.js';

/** Of one partition and of all in one request, as the gateway's own requests are. */
const PARTITION_BYTES = 1024 * 1024;
const REQUEST_BYTES = 8 * 1024 * 1024;
const CLIENT = { clientId: 'pitwall-bench' };

/**
 * Produces the messages of one topic to another with nothing but kafkajs: its idempotent producer, acks of all replicas,
 * one request after the other, all of them ready in memory before the clock starts.
 */
async function main(plan: BarePlan): Promise<BareResult> {
  const { requests, bytes, messages, sourceBytes } = await load(plan);
  registerCodecs();
  const kafka = new kafkajs.Kafka({ ...CLIENT, brokers: plan.brokers, logLevel: kafkajs.logLevel.ERROR });
  const asNamed =
    () =>
    ({ message }: { message: Message }) =>
      message.partition!;
  const producer = kafka.producer({ idempotent: true, createPartitioner: asNamed });
  await producer.connect();
  const compression = COMPRESSION_TYPES[plan.compression];
  // The first request looks for the leaders.
  await producer.sendBatch({
    acks: -1,
    topicMessages: [{ topic: plan.target, messages: [{ partition: 0, value: 'x' }] }],
  });
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (const batch of requests) {
    await producer.sendBatch({ acks: -1, compression, topicMessages: [{ topic: plan.target, messages: batch }] });
  }
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await producer.disconnect();
  return { messages, bytes, sourceBytes, seconds, cpuSeconds: (user + system) / 1e6 };
}

interface Loaded {
  requests: Message[][];
  messages: number;
  bytes: number;
  sourceBytes: number;
}

/** The messages as requests, from all partitions in turn. */
async function load({ brokers, source, partitions, unmerged, bytesMax }: BarePlan): Promise<Loaded> {
  const fetcher = new KafkaFetcher({ brokers, tls: null, sasl: null }, CLIENT);
  const loaded: Loaded = { requests: [], messages: 0, bytes: 0, sourceBytes: 0 };
  const queues: Message[][] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const queue: Message[] = [];
    queues.push(queue);
    const { end } = await fetcher.bounds(source, partition);
    for (let at = 0; at < end; ) {
      const taken = await fetcher.take(source, partition, at, PARTITION_BYTES);
      for (const { offset, key, value, headers, timestampMs } of taken) {
        at = offset + 1;
        loaded.sourceBytes += value?.length ?? 0;
        if (loaded.bytes >= bytesMax) continue;
        loaded.bytes += value?.length ?? 0;
        const message = {
          partition,
          key: key && Buffer.from(key),
          value: value && Buffer.from(value),
          headers: headers as Message['headers'],
          timestamp: String(timestampMs),
        };
        queue.push(...(unmerged ? pieces(message) : [message]));
      }
    }
    fetcher.forget(source, partition);
  }
  await fetcher.close();
  loaded.messages = queues.reduce((sum, queue) => sum + queue.length, 0);
  const places = queues.map(() => 0);
  while (queues.some((queue, i) => places[i]! < queue.length)) {
    const request: Message[] = [];
    let bytes = 0;
    for (const [i, queue] of queues.entries()) {
      for (let own = 0; own < PARTITION_BYTES && bytes < REQUEST_BYTES && places[i]! < queue.length; ) {
        const message = queue[places[i]!++]!;
        request.push(message);
        own += message.value?.length ?? 0;
        bytes += message.value?.length ?? 0;
      }
    }
    loaded.requests.push(request);
  }
  return loaded;
}

/** As many messages as the value was merged from. Their bytes mean nothing any more. */
function pieces({ value, headers, ...rest }: Message & { value: Buffer | null }): Message[] {
  const { parts, ...own } = headers ?? {};
  const count = value && Buffer.isBuffer(parts) ? parts.toString().split(' ').length : 1;
  const cut = (i: number) => Math.floor(((value?.length ?? 0) * i) / count);
  return Array.from({ length: count }, (_, i) => {
    return { ...rest, headers: own, value: value?.subarray(cut(i), cut(i + 1)) ?? null };
  });
}

process.send?.(await main(JSON.parse(process.argv[2]!) as BarePlan));
