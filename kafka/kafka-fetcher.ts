import { setTimeout as sleep } from 'node:timers/promises';
import { PitwallError } from '../core/errors.js';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { kafkaFault, typeOf } from './kafka-fault.js';
import { type Cluster, clusterOf, type RawMessage } from './kafka-internals.js';
import { KafkaSockets } from './kafka-sockets.js';
import { topicIds } from './topic-ids.js';
import { withinMs } from './within-ms.js';

/** Of one partition in one answer; a larger message comes all the same. */
const PARTITION_BYTES_MAX = 2 * 1024 * 1024;
/** Of one answer. */
const FETCH_BYTES_MAX = 16 * 1024 * 1024;
/** An answer that takes longer is lost. kafkajs gives up 100 ms after the broker's wait, which a loaded one may need. */
const ANSWER_MS = 30_000;
/** A call may take so long over all its requests: the broker has nothing to wait for but the records of a fetch. */
const CALL_MS = 15_000;

/** What a broker answers for a partition that it does not lead, any more or yet. */
const MOVED = [
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
];
const MOVED_ATTEMPTS = 6;
const MOVED_MS = 50;

export interface FetchedMessage {
  offset: number;
  /** Milliseconds since 1970, as the producer or the broker stamped it. */
  timestampMs: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[] | undefined>;
  /** Null outside of transactions, and unless the fetcher was asked for them. */
  transaction: TransactionPart | null;
}

/** What a message is to a transaction of the producer: a part of it (`end` null), or its end, which holds nothing else. */
export interface TransactionPart {
  producerId: string;
  end: 'commit' | 'abort' | null;
}

export interface KafkaFetcherOptions extends KafkaClientOptions {
  /**
   * Also gives the ends of transactions, so that the reader can tell what was committed. Without it messages of all
   * transactions are given alike: nothing on the bus is in one.
   */
  transactions?: boolean;
}

export interface PartitionBounds {
  /** First offset kept. */
  start: number;
  /** Offset of the next message. */
  end: number;
}

/** One partition as its reader stands in it. */
interface Cursor {
  topic: string;
  partition: number;
  /** Messages that came and were not taken, from `at` on. */
  messages: FetchedMessage[];
  at: number;
  /** Where the next fetch goes on. */
  next: number;
  /** The end of the partition when it was last fetched; -1 = never. */
  end: number;
}

/**
 * Reads partitions from any offset on, each at its own pace, without a consumer group. One answer's messages of a
 * partition are held, at most; while they are worked on the next ones are fetched. Not for concurrent use.
 */
export class KafkaFetcher {
  private link: { cluster: Cluster; sockets: KafkaSockets } | null = null;
  private readonly cursors = new Map<string, Cursor>();
  private readonly topics = new Set<string>();
  private connected: Promise<void> | null = null;
  private fetching: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly options: KafkaFetcherOptions,
  ) {}

  /**
   * Messages from `offset` on, up to about `bytesMax` of values; empty at the end of the partition. Throws
   * kafkajs's OFFSET_OUT_OF_RANGE where a partition holds no such offset (see `isOutOfRange`), else `bus-failed`.
   */
  async take(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedMessage[]> {
    const cursor = this.cursor(topic, partition, offset);
    const isUnderWay = this.fetching !== null;
    if (cursor.at >= cursor.messages.length) await this.fetch(0);
    // A fetch that was under way may have been sent before the cursor was there.
    if (isUnderWay && cursor.at >= cursor.messages.length) await this.fetch(0);
    const taken: FetchedMessage[] = [];
    let bytes = 0;
    while (cursor.at < cursor.messages.length && (bytes < bytesMax || taken.length === 0)) {
      const message = cursor.messages[cursor.at++]!;
      bytes += message.value?.length ?? 0;
      taken.push(message);
    }
    if (cursor.at >= cursor.messages.length && cursor.next < cursor.end) this.prefetch();
    return taken;
  }

  /** Whether one of the partitions taken from has more; waits for it up to `waitMs`. */
  async wait(waitMs: number): Promise<boolean> {
    if (!this.holdsSome()) await this.fetch(waitMs);
    return this.holdsSome();
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return this.guarded(async () => {
      await this.target(topic);
      const at = async (fromBeginning: boolean) => {
        const [answer] = await this.cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
        const found = answer?.partitions.find((each) => each.partition === partition);
        if (!found)
          throw new PitwallError('bus-failed', `topic ${topic} has no partition ${partition}`, { stage: 'bus' });
        return Number(found.offset);
      };
      return { start: await at(true), end: await at(false) };
    });
  }

  /** The end of the partition when it was last fetched; -1 = it was not. */
  knownEnd(topic: string, partition: number): number {
    return this.cursors.get(`${topic}/${partition}`)?.end ?? -1;
  }

  /** The ids of the topics: see `topicIds`. */
  async ids(topics: readonly string[]): Promise<Map<string, string>> {
    return this.guarded(async () => {
      for (const topic of topics) await this.target(topic);
      const [nodeId] = this.cluster.getNodeIds();
      return topicIds(await this.cluster.findBroker({ nodeId: nodeId! }), topics);
    });
  }

  /** Forgets the partition's messages and position. */
  forget(topic: string, partition: number): void {
    this.cursors.delete(`${topic}/${partition}`);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cursors.clear();
    this.cut();
  }

  private get cluster(): Cluster {
    if (this.closed) throw new Error('the reader is closed');
    if (!this.link) {
      const sockets = new KafkaSockets();
      const client = kafkaClient(this.connection, { ...this.options, ownTimeouts: true, sockets });
      this.link = { cluster: clusterOf(client), sockets };
    }
    return this.link.cluster;
  }

  /** Where a broker is silent an orderly end would never come. */
  private cut(): void {
    const { link } = this;
    this.link = null;
    this.connected = null;
    this.topics.clear();
    link?.sockets.cut(new Error('the connection was cut'));
    link?.cluster.disconnect().catch(() => {});
  }

  private cursor(topic: string, partition: number, offset: number): Cursor {
    const name = `${topic}/${partition}`;
    let cursor = this.cursors.get(name);
    const reads = cursor?.messages[cursor.at]?.offset ?? cursor?.next;
    if (!cursor || reads !== offset) {
      cursor = { topic, partition, messages: [], at: 0, next: offset, end: -1 };
      this.cursors.set(name, cursor);
    }
    return cursor;
  }

  private holdsSome(): boolean {
    for (const cursor of this.cursors.values()) if (cursor.at < cursor.messages.length) return true;
    return false;
  }

  private prefetch(): void {
    if (this.fetching || this.closed) return;
    // Its fault, if it has one, comes again with the next fetch that somebody waits for.
    this.fetch(0).catch(() => {});
  }

  /** One fetch of every partition that has nothing left, from all brokers at once. */
  private async fetch(waitMs: number): Promise<void> {
    if (this.fetching) return this.fetching;
    this.fetching = this.guarded(() => this.fetchAll(waitMs), CALL_MS + ANSWER_MS + waitMs).finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async fetchAll(waitMs: number): Promise<void> {
    const empty = [...this.cursors.values()].filter((cursor) => cursor.at >= cursor.messages.length);
    for (const topic of new Set(empty.map((cursor) => cursor.topic))) await this.target(topic);
    await this.cluster.refreshMetadataIfNecessary();
    const byBroker = new Map<string, Cursor[]>();
    for (const cursor of empty) {
      const [nodeId] = Object.keys(this.cluster.findLeaderForPartitions(cursor.topic, [cursor.partition]));
      if (nodeId === undefined) continue;
      byBroker.set(nodeId, [...(byBroker.get(nodeId) ?? []), cursor]);
    }
    await Promise.all([...byBroker].map(([nodeId, cursors]) => this.fetchFrom(nodeId, cursors, waitMs)));
  }

  private async fetchFrom(nodeId: string, cursors: readonly Cursor[], waitMs: number): Promise<void> {
    const broker = await this.cluster.findBroker({ nodeId });
    const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
    for (const { topic, partition, next } of cursors) {
      const partitions = topics.get(topic) ?? [];
      partitions.push({ partition, fetchOffset: String(next), maxBytes: PARTITION_BYTES_MAX });
      topics.set(topic, partitions);
    }
    const answer = broker.fetch({
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      isolationLevel: 0,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    });
    const { responses } = await withinMs('a fetch', answer, ANSWER_MS + waitMs);
    for (const { topicName, partitions } of responses) {
      for (const { partition, highWatermark, messages } of partitions) {
        const cursor = this.cursors.get(`${topicName}/${partition}`);
        // A cursor that was set elsewhere meanwhile is another object.
        if (cursor && cursors.includes(cursor)) {
          receive(cursor, messages, Number(highWatermark), this.options.transactions ?? false);
        }
      }
    }
  }

  private async target(topic: string): Promise<void> {
    this.connected ??= this.cluster.connect();
    await this.connected;
    if (this.topics.has(topic)) return;
    await this.cluster.addMultipleTargetTopics([topic]);
    this.topics.add(topic);
  }

  /** A leader that has moved, or is new, is looked for a few times; other faults end the connection. */
  private async guarded<T>(call: () => Promise<T>, ms = CALL_MS): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withinMs('what was asked for', call(), ms);
      } catch (error) {
        if (isOutOfRange(error)) throw error;
        const isMoved = MOVED.includes(typeOf(error) ?? '');
        if (isMoved && attempt < MOVED_ATTEMPTS) {
          await sleep(MOVED_MS * attempt);
          await this.cluster.refreshMetadata().catch(() => {});
          continue;
        }
        this.cut();
        throw kafkaFault(error, 'reading');
      }
    }
  }
}

/** Whether an offset that was asked for is not, or no longer, in its partition. */
export function isOutOfRange(error: unknown): boolean {
  return typeOf(error) === 'OFFSET_OUT_OF_RANGE';
}

function receive(cursor: Cursor, messages: readonly RawMessage[], end: number, transactions: boolean): void {
  cursor.end = end;
  cursor.messages = [];
  cursor.at = 0;
  for (const raw of messages) {
    const offset = Number(raw.offset);
    // A batch is given whole, also when the offset asked for lies inside it.
    if (offset < cursor.next) continue;
    cursor.next = offset + 1;
    if (raw.isControlRecord && !transactions) continue;
    const { key, value, headers } = raw;
    const transaction = transactions ? transactionPart(raw) : null;
    cursor.messages.push({ offset, timestampMs: Number(raw.timestamp), key, value, headers, transaction });
  }
}

/** The key of a control record: version, then type, 16 bits each; type 0 is an abort, 1 a commit. */
function transactionPart({ isControlRecord, key, batchContext }: RawMessage): TransactionPart | null {
  const { producerId, inTransaction } = batchContext;
  if (isControlRecord) return { producerId, end: key?.readInt16BE(2) === 1 ? 'commit' : 'abort' };
  return inTransaction ? { producerId, end: null } : null;
}
