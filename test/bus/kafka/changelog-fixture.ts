import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Changelog, type ChangelogOptions } from '../../../bus/kafka/changelog.js';
import { ChangelogKeys, newGeneration } from '../../../bus/kafka/changelog-keys.js';
import { readPartition } from '../../../bus/kafka/changelog-reader.js';
import type { KafkaConnection } from '../../../kafka/kafka-connection.js';
import { type FetchedMessage, KafkaFetcher } from '../../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../../kafka/kafka-writer.js';
import { uniqueName } from '../../servers/kafka-server.js';
import { makeTopics } from '../../support/kafka-admin.js';

export const CLIENT = { clientId: 'changelog-test', compression: 'gzip', retries: 3 } as const;

export function connectionTo({ brokers }: { brokers: string[] }): KafkaConnection {
  return { brokers, tls: null, sasl: null };
}

/** A topic like that of a gateway, which is compacted as often as the broker looks for something to compact. */
export async function changelogTopic(
  connection: KafkaConnection,
  partitions = 1,
  more: Record<string, string> = {},
): Promise<string> {
  const topic = uniqueName('changelog');
  const configEntries = Object.entries({
    'cleanup.policy': 'compact',
    'max.message.bytes': 64 * 1024 * 1024,
    'segment.ms': 100,
    'min.cleanable.dirty.ratio': 0,
    ...more,
  }).map(([name, value]) => ({ name, value: String(value) }));
  await makeTopics(connection.brokers, [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }]);
  return topic;
}

export type Opened = Awaited<ReturnType<typeof Changelog.open>> & { warnings: string[] };

export async function openLog(
  more: Partial<ChangelogOptions> & Pick<ChangelogOptions, 'connection' | 'topic'>,
): Promise<Opened> {
  const warnings: string[] = [];
  const opened = await Changelog.open({
    options: CLIENT,
    partition: 0,
    unit: 'unit',
    instance: randomBytes(3).toString('hex'),
    ownGeneration: null,
    warn: (message) => warnings.push(message),
    glanceMs: 0,
    ...more,
  });
  return { ...opened, warnings };
}

/** What a machine that takes the unit over would go on from; leaves the topic as it is. */
export async function restore(more: Parameters<typeof openLog>[0]): Promise<Record<string, string>> {
  const { log, restored } = await openLog(more);
  await log.close();
  return texts(restored!);
}

export function texts(values: Iterable<readonly [string, Uint8Array]>): Record<string, string> {
  return Object.fromEntries([...values].map(([key, value]): [string, string] => [key, String(value)]).sort());
}

export function bytes(values: Record<string, string>): [string, Buffer][] {
  return Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]);
}

export function changes(values: Record<string, string | null>): [string, Buffer | null][] {
  return Object.entries(values).map(([key, value]) => [key, value === null ? null : Buffer.from(value)]);
}

/** Every record that is left of a partition. */
export async function records(connection: KafkaConnection, topic: string, partition = 0): Promise<FetchedMessage[]> {
  const fetcher = new KafkaFetcher(connection, CLIENT);
  const found: FetchedMessage[] = [];
  try {
    const { start } = await fetcher.bounds(topic, partition);
    await readPartition({ fetcher, topic, partition }, start, (messages) => found.push(...messages));
  } finally {
    await fetcher.close();
  }
  return found;
}

/** How many records a partition was ever given, whether or not they are compacted away since. */
export async function written(connection: KafkaConnection, topic: string, partition = 0): Promise<number> {
  const fetcher = new KafkaFetcher(connection, CLIENT);
  try {
    return Number((await fetcher.bounds(topic, partition)).end);
  } finally {
    await fetcher.close();
  }
}

/** Appends records that no changelog wrote. */
export async function append(
  connection: KafkaConnection,
  topic: string,
  messages: { key: string | null; value: string | Buffer | null }[],
): Promise<void> {
  const writer = new KafkaWriter(connection, CLIENT);
  const buffer = (from: string | Buffer | null) => (typeof from === 'string' ? Buffer.from(from) : from);
  await writer.send([
    { topic, messages: messages.map(({ key, value }) => ({ partition: 0, key: buffer(key), value: buffer(value) })) },
  ]);
  await writer.close();
}

type Sent = Parameters<KafkaWriter['send']>[0];

/**
 * A writer whose connection breaks: what was sent is `lost`, or `stored` all the same, or still on its way and `late`.
 */
export class FaultyWriter {
  /** What was late and has not arrived. */
  readonly late: Sent[] = [];
  sends = 0;
  private readonly inner: KafkaWriter;
  private fault: { how: 'lost' | 'stored' | 'late'; left: number } | null = null;

  constructor(connection: KafkaConnection) {
    this.inner = new KafkaWriter(connection, CLIENT);
  }

  /** The next send fails, or the one `left` later. */
  fail(how: 'lost' | 'stored' | 'late', left = 0): void {
    this.fault = { how, left };
  }

  /** Takes a fault back that has not come; whether there was one. */
  heal(): boolean {
    const { fault } = this;
    this.fault = null;
    return fault !== null;
  }

  async send(sent: Sent): Promise<void> {
    this.sends++;
    const { fault } = this;
    if (!fault || fault.left-- > 0) return this.inner.send(sent);
    this.fault = null;
    if (fault.how === 'stored') await this.inner.send(sent);
    if (fault.how === 'late') this.late.push(sent);
    throw new Error(`the connection broke (${fault.how})`);
  }

  /** What was late arrives. */
  async deliver(): Promise<void> {
    for (const sent of this.late.splice(0)) await this.inner.send(sent);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** Waits until the broker has compacted all that is in the partition now; it adds a few records of no unit that matters. */
export async function compacted(connection: KafkaConnection, topic: string, partition = 0): Promise<void> {
  const writer = new KafkaWriter(connection, CLIENT);
  const key = new ChangelogKeys('filler').encode(newGeneration(1, 'filler'), 'value');
  const mark = async () => {
    // Until the segment may end.
    await sleep(120);
    await writer.send([{ topic, messages: [{ partition, key, value: Buffer.from('filler') }] }]);
  };
  const marks = async () => (await records(connection, topic, partition)).filter((record) => record.key?.equals(key));
  await mark();
  const { offset } = (await marks()).at(-1)!;
  for (const deadline = performance.now() + 60_000; ; ) {
    await mark();
    if (!(await marks()).some((record) => record.offset === offset)) break;
    if (performance.now() > deadline) throw new Error('the broker does not compact');
  }
  await writer.close();
}
