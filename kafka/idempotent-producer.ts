import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { typeOf } from './kafka-fault.js';
import { type Cluster, clusterOf, type ProducerIdentity } from './kafka-internals.js';
import { KafkaSockets } from './kafka-sockets.js';
import { produce, type SentBatch } from './produce.js';
import { batchHead, type PackedBatch } from './record-batch.js';

/** How long a broker may wait for its replicas. */
const WRITE_MS = 30_000;
const FIRST_WAIT_MS = 100;
const WAIT_MS_MAX = 1_000;
/** Sequence numbers are int32 and begin again at 0. */
const SEQUENCES = 2 ** 31;

interface Link {
  cluster: Cluster;
  sockets: KafkaSockets;
  topics: Set<string>;
}

/**
 * Writes batches so that none stands in its partition twice, however often it had to be sent: each has a number, which
 * stays. Not for concurrent use; after a fault it is of no more use, since what became of the batches is not known.
 *
 * kafkajs has such a producer, too, which takes a broker that has answered for one that needs nothing more: the messages of a
 * partition that moves there in the middle of a request it does not send, and no error says so.
 */
export class IdempotentProducer {
  private link: Link | null = null;
  private identity: ProducerIdentity | null = null;
  private readonly sequences = new Map<string, number>();
  private ended = false;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly options: KafkaClientOptions,
    /** Attempts of a call beyond the first. */
    private readonly retries: number,
  ) {}

  /** At most one batch a partition. Resolves when every replica in sync has all of it. */
  async send(batches: readonly PackedBatch[]): Promise<void> {
    const left = new Set<SentBatch>();
    let waitMs = FIRST_WAIT_MS;
    for (let attempt = 0; ; attempt++) {
      const fault = await this.attempt(batches, left);
      if (fault === null) return;
      if (this.ended || !isPassing(fault) || attempt >= this.retries) throw fault;
      await sleep(waitMs);
      waitMs = Math.min(WAIT_MS_MAX, waitMs * 2);
    }
  }

  /** Ends it at once; what is under way fails. */
  cut(): void {
    this.ended = true;
    this.disconnect();
  }

  /** The orderly end. */
  async close(): Promise<void> {
    await this.link?.cluster.disconnect();
  }

  private disconnect(): void {
    const { link } = this;
    this.link = null;
    link?.sockets.cut(new Error('the connection was cut'));
    link?.cluster.disconnect().catch(() => {});
  }

  /** Numbers the batches the first time, and takes those that were stored out of `left`. Returns why some were not. */
  private async attempt(batches: readonly PackedBatch[], left: Set<SentBatch>): Promise<unknown> {
    try {
      const { cluster, topics } = await this.open();
      this.identity ??= await identify(cluster);
      const fresh = batches.map(({ topic }) => topic).filter((topic) => !topics.has(topic));
      if (fresh.length > 0) await cluster.addMultipleTargetTopics([...new Set(fresh)]);
      for (const topic of fresh) topics.add(topic);
      await cluster.refreshMetadataIfNecessary();
      if (left.size === 0) {
        for (const batch of batches) left.add(this.numbered(batch, this.identity));
      }
      const faults = await this.sendLeft(cluster, left);
      if (left.size === 0) return null;
      const lasting = faults.find((fault) => !isPassing(fault));
      if (lasting !== undefined) return lasting;
      // Leaders may have moved.
      if (faults.every(isOfPartition)) await cluster.refreshMetadata();
      else this.disconnect();
      return faults[0] ?? new Error('a broker left a batch out of its answer');
    } catch (error) {
      if (!isOfPartition(error)) this.disconnect();
      return error;
    }
  }

  private async sendLeft(cluster: Cluster, left: Set<SentBatch>): Promise<unknown[]> {
    const faults: unknown[] = [];
    const sends = [...byLeader(cluster, left)].map(async ([nodeId, batches]) => {
      try {
        const answers = await produce(await cluster.findBroker({ nodeId }), batches, WRITE_MS);
        for (const [batch, fault] of answers) {
          if (fault === null) left.delete(batch);
          else faults.push(fault);
        }
      } catch (error) {
        faults.push(error);
      }
    });
    await Promise.all(sends);
    return faults;
  }

  private async open(): Promise<Link> {
    if (this.ended) throw new Error('the connection was cut');
    if (this.link) return this.link;
    const sockets = new KafkaSockets();
    const cluster = clusterOf(kafkaClient(this.connection, { ...this.options, sockets }));
    this.link = { cluster, sockets, topics: new Set() };
    await cluster.connect();
    return this.link;
  }

  private numbered(batch: PackedBatch, identity: ProducerIdentity): SentBatch {
    const name = `${batch.topic}/${batch.partition}`;
    const first = this.sequences.get(name) ?? 0;
    this.sequences.set(name, (first + batch.count) % SEQUENCES);
    return { ...batch, head: batchHead(batch, identity, first) };
  }
}

/** Any broker gives one. */
function identify({ brokerPool }: Cluster): Promise<ProducerIdentity> {
  return brokerPool.seedBroker.initProducerId({ transactionalId: undefined, transactionTimeout: WRITE_MS });
}

function byLeader(cluster: Cluster, batches: Iterable<SentBatch>): Map<string, SentBatch[]> {
  const byLeader = new Map<string, SentBatch[]>();
  for (const batch of batches) {
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(batch.topic, [batch.partition]));
    if (nodeId === undefined || Number(nodeId) < 0) {
      const message = `partition ${batch.partition} of ${batch.topic} has no leader, or is not there`;
      throw Object.assign(new Error(message), { type: 'LEADER_NOT_AVAILABLE', retriable: true });
    }
    const led = byLeader.get(nodeId);
    if (led) led.push(batch);
    else byLeader.set(nodeId, [batch]);
  }
  return byLeader;
}

/** What a broker says of a partition; the connection is as good as before. */
function isOfPartition(error: unknown): boolean {
  return typeOf(error) !== null;
}

function isPassing(error: unknown): boolean {
  return (error as { retriable?: boolean }).retriable === true;
}
