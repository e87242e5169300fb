import type { GroupMemberAssignment, GroupState } from 'kafkajs';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { typeOf } from './kafka-fault.js';
import { type Broker, type Cluster, clusterOf, type JoinedGroup } from './kafka-internals.js';
import { KafkaSockets } from './kafka-sockets.js';
import { withinMs } from './within-ms.js';

/** From nothing to the coordinator, over a broker or two that are not there. */
const OPEN_MS = 15_000;
/** Beyond the time that the group itself may take to answer. */
const LATE_MS = 5_000;

export interface GroupConnectionOptions {
  groupId: string;
  /** That which the members subscribe to. */
  topic: string;
  /** A member that was silent for so long is no longer one. */
  sessionMs: number;
  /** So long the group waits for its members to join again. */
  rebalanceMs: number;
  client: KafkaClientOptions;
}

/** The next message to read. */
export interface TopicOffset {
  topic: string;
  partition: number;
  offset: number;
}

/**
 * A connection to the broker that coordinates a consumer group, and the requests of a member. Its faults are those of
 * kafkajs, with the broker's `type`. After a fault other than an answer of the group it is to be cut and opened anew.
 *
 * These are the requests that kafkajs's consumer makes. They are made here because that consumer can only be a member
 * that reads: heartbeats come from its fetch loop and so wait for brokers that have nothing to do with the group, it
 * does not tell the group's generation, leaves a group that is rebalancing only afterwards, hides refusals while it
 * looks for the coordinator, and starts itself again after it was closed.
 */
export class GroupConnection {
  private constructor(
    private readonly options: GroupConnectionOptions,
    private readonly cluster: Cluster,
    private readonly sockets: KafkaSockets,
    private readonly coordinator: Broker,
  ) {}

  /** Rejects soon after `signal` is aborted. */
  static async open(
    connection: KafkaConnection,
    options: GroupConnectionOptions,
    signal: AbortSignal,
  ): Promise<GroupConnection> {
    const sockets = new KafkaSockets();
    // kafkajs goes on to the next of the brokers with each attempt.
    const retries = Math.max(2, connection.brokers.length);
    const cluster = clusterOf(kafkaClient(connection, { ...options.client, sockets, retries }));
    const abort = () => sockets.cut(new Error('it was given up'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const coordinator = await withinMs('the search for the group', findCoordinator(cluster, options), OPEN_MS);
      return new GroupConnection(options, cluster, sockets, coordinator);
    } catch (error) {
      end(cluster, sockets);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Resolves when every member has joined, or the group no longer waits for the rest. An empty member id asks for one. */
  join(memberId: string, protocol: GroupState): Promise<JoinedGroup> {
    const { groupId, sessionMs, rebalanceMs } = this.options;
    const joined = this.coordinator.joinGroup({
      groupId,
      sessionTimeout: sessionMs,
      rebalanceTimeout: rebalanceMs,
      memberId,
      groupProtocols: [protocol],
    });
    return withinMs('joining the group', joined, sessionMs + rebalanceMs + LATE_MS);
  }

  /** Gives the leader's assignments, or none of a member that does not lead, for that of this member. */
  async sync(member: JoinedGroup, groupAssignment: GroupMemberAssignment[]): Promise<Buffer> {
    const { groupId, rebalanceMs } = this.options;
    const { generationId, memberId } = member;
    const synced = this.coordinator.syncGroup({ groupId, generationId, memberId, groupAssignment });
    return (await withinMs('the assignment', synced, rebalanceMs + LATE_MS)).memberAssignment;
  }

  /** Rejects also with what the group wants of its members, such as REBALANCE_IN_PROGRESS. */
  async heartbeat(memberId: string, groupGenerationId: number, answerMs: number): Promise<void> {
    const { groupId } = this.options;
    await withinMs('a heartbeat', this.coordinator.heartbeat({ groupId, groupGenerationId, memberId }), answerMs);
  }

  async commit(
    memberId: string,
    groupGenerationId: number,
    offsets: readonly TopicOffset[],
    answerMs: number,
  ): Promise<void> {
    const { groupId } = this.options;
    const byTopic = new Map<string, { partition: number; offset: string }[]>();
    for (const { topic, partition, offset } of offsets) {
      const partitions = byTopic.get(topic) ?? [];
      byTopic.set(topic, partitions);
      partitions.push({ partition, offset: String(offset) });
    }
    const committed = this.coordinator.offsetCommit({
      groupId,
      groupGenerationId,
      memberId,
      topics: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
    });
    await withinMs('a commit of offsets', committed, answerMs);
  }

  async leave(memberId: string, answerMs: number): Promise<void> {
    const { groupId } = this.options;
    await withinMs('leaving the group', this.coordinator.leaveGroup({ groupId, memberId }), answerMs);
  }

  /** Ends it at once. Requests under way reject; the group keeps its member until the session is over. */
  cut(): void {
    end(this.cluster, this.sockets);
  }
}

/**
 * kafkajs has a call for it, which takes every refusal of a broker for one to try the next broker, and then says no
 * more than that there was none.
 */
async function findCoordinator(cluster: Cluster, { groupId, topic }: GroupConnectionOptions): Promise<Broker> {
  await cluster.connect();
  await cluster.addMultipleTargetTopics([topic]);
  let fault: unknown;
  for (const nodeId of cluster.getNodeIds()) {
    try {
      const broker = await cluster.findBroker({ nodeId });
      const { coordinator } = await broker.findGroupCoordinator({ groupId, coordinatorType: 0 });
      return await cluster.findBroker({ nodeId: String(coordinator.nodeId) });
    } catch (error) {
      if (typeOf(error) !== null) throw error;
      fault = error;
    }
  }
  throw fault ?? new Error('the cluster names no brokers');
}

function end(cluster: Cluster, sockets: KafkaSockets): void {
  sockets.cut(new Error('the connection was cut'));
  cluster.disconnect().catch(() => {});
}
