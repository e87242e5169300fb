import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { typeOf } from './kafka-fault.js';
import { type Broker, type Cluster, clusterOf } from './kafka-internals.js';
import { KafkaSockets } from './kafka-sockets.js';

/** What is over within milliseconds as a rule: the end of a transaction is still being written where it belongs. */
const BUSY = ['CONCURRENT_TRANSACTIONS'];
/** The coordinator has moved, or is not there yet: the first transaction of a cluster waits for its topic. */
const COORDINATOR_MOVED = [
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
];
const LEADER_MOVED = ['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION'];
const TRY_MS = 20_000;
const FIRST_WAIT_MS = 4;
const WAIT_MS_MAX = 250;
const TRANSACTIONS = 1;

/**
 * Connections to the brokers of a cluster for transactions, shared by all producers of one writer. Its faults are those
 * of kafkajs; after one it is to be cut and opened anew.
 */
export class TransactionConnection {
  private readonly coordinators = new Map<string, string>();
  private readonly topics = new Set<string>();

  private constructor(
    private readonly cluster: Cluster,
    private readonly sockets: KafkaSockets,
  ) {}

  /** `topic` is one that is there: with it the brokers become known. */
  static async open(
    connection: KafkaConnection,
    options: KafkaClientOptions,
    topic: string,
  ): Promise<TransactionConnection> {
    const sockets = new KafkaSockets();
    const retries = Math.max(2, connection.brokers.length);
    const opened = new TransactionConnection(
      clusterOf(kafkaClient(connection, { retries, ...options, sockets })),
      sockets,
    );
    try {
      await opened.cluster.connect();
      await opened.target([topic]);
      return opened;
    } catch (error) {
      opened.cut();
      throw error;
    }
  }

  /** Asks the broker that keeps the transactional id, for as long as it is another one or busy with the last transaction. */
  async coordinated<T>(transactionalId: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    return untilDone([...BUSY, ...COORDINATOR_MOVED], async (fault) => {
      if (fault !== null && !BUSY.includes(fault)) this.coordinators.delete(transactionalId);
      return ask(await this.coordinator(transactionalId));
    });
  }

  /** Calls `send` with the leaders of partitions until none is left; those it has done it takes out of `left`. */
  async led<P extends { topic: string; partition: number }>(
    left: Set<P>,
    send: (leader: Broker, partitions: P[]) => Promise<unknown>,
  ): Promise<void> {
    await untilDone(LEADER_MOVED, async (fault) => {
      if (fault === null) await this.cluster.refreshMetadataIfNecessary();
      else await this.cluster.refreshMetadata();
      const sends = [...this.byLeader(left)].map(async ([nodeId, partitions]) => {
        await send(await this.cluster.findBroker({ nodeId }), partitions);
        for (const partition of partitions) left.delete(partition);
      });
      const faults = (await Promise.allSettled(sends)).filter((result) => result.status === 'rejected');
      const lasting = faults.find(({ reason }) => !LEADER_MOVED.includes(typeOf(reason) ?? ''));
      if (faults.length > 0) throw (lasting ?? faults[0]!).reason;
    });
  }

  /** To be called before a topic is written to. */
  async target(topics: Iterable<string>): Promise<void> {
    const fresh = [...topics].filter((topic) => !this.topics.has(topic));
    if (fresh.length === 0) return;
    await untilDone(LEADER_MOVED, () => this.cluster.addMultipleTargetTopics(fresh));
    for (const topic of fresh) this.topics.add(topic);
  }

  /** Ends it at once; requests under way reject. */
  cut(): void {
    this.sockets.cut(new Error('the connection was cut'));
    this.cluster.disconnect().catch(() => {});
  }

  private byLeader<P extends { topic: string; partition: number }>(partitions: Iterable<P>): Map<string, P[]> {
    const byLeader = new Map<string, P[]>();
    for (const each of partitions) {
      const [nodeId] = Object.keys(this.cluster.findLeaderForPartitions(each.topic, [each.partition]));
      if (nodeId === undefined || Number(nodeId) < 0) throw moved();
      const led = byLeader.get(nodeId);
      if (led) led.push(each);
      else byLeader.set(nodeId, [each]);
    }
    return byLeader;
  }

  private async coordinator(transactionalId: string): Promise<Broker> {
    const known = this.coordinators.get(transactionalId);
    if (known !== undefined) return this.cluster.findBroker({ nodeId: known });
    let fault: unknown;
    for (const nodeId of this.cluster.getNodeIds()) {
      try {
        const broker = await this.cluster.findBroker({ nodeId });
        const found = await broker.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTIONS });
        const coordinator = String(found.coordinator.nodeId);
        this.coordinators.set(transactionalId, coordinator);
        return await this.cluster.findBroker({ nodeId: coordinator });
      } catch (error) {
        if (typeOf(error) !== null) throw error;
        fault = error;
      }
    }
    throw fault ?? new Error('the cluster names no brokers');
  }
}

/** Tries again after faults of these types, for a while; `attempt` is told the last one. */
async function untilDone<T>(types: readonly string[], attempt: (fault: string | null) => Promise<T>): Promise<T> {
  const deadline = performance.now() + TRY_MS;
  let fault: string | null = null;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(WAIT_MS_MAX, waitMs * 2)) {
    try {
      return await attempt(fault);
    } catch (error) {
      fault = typeOf(error);
      if (fault === null || !types.includes(fault) || performance.now() > deadline) throw error;
    }
    await sleep(waitMs);
  }
}

function moved(): Error {
  return Object.assign(new Error('a partition has no leader'), { type: 'LEADER_NOT_AVAILABLE' });
}
