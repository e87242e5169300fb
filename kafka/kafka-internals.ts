import type { GroupMember, GroupMemberAssignment, GroupState, Kafka, Message } from 'kafkajs';

/**
 * What this project uses of kafkajs below its documented surface. The version is pinned; what is used here is held
 * against a real broker by the tests of the fetcher, the writer, the membership and the Kafka sink.
 *
 * - Reading any partition at any offset, without a consumer group. kafkajs has no call for it (its consumer always
 *   joins a group and shares one position a partition), while every lane here has positions of its own, kept with its
 *   state.
 * - Writing batches that are encoded here, see `produce`.
 * - Being a member of a group without reading through it, see `GroupConnection`.
 * - Transactions of many transactional ids over the same connections, see `TransactionalProducer`.
 */
export interface Cluster {
  /** The broker that `connect` has connected, whichever it is. */
  brokerPool: { seedBroker: Broker };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  /** Throws where a topic does not exist. */
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(node: { nodeId: string }): Promise<Broker>;
  /** Of the brokers known now. */
  getNodeIds(): string[];
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

export interface Broker {
  fetch(request: {
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{
    responses: {
      topicName: string;
      partitions: { partition: number; highWatermark: string; logStartOffset?: string; messages: RawMessage[] }[];
    }[];
  }>;
  /** The broker that keeps a consumer group (`coordinatorType` 0), or a transactional id (1). */
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: 0 | 1;
  }): Promise<{ coordinator: { nodeId: number } }>;
  /** Resolves when all members have joined. Without a member id it gets one. */
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: GroupState[];
  }): Promise<JoinedGroup>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: GroupMemberAssignment[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
  /** Fences every producer that has the transactional id, and ends what it has begun; without an id there is none. */
  initProducerId(request: {
    transactionalId: string | undefined;
    transactionTimeout: number;
  }): Promise<ProducerIdentity>;
  addPartitionsToTxn(
    request: ProducerIdentity & { transactionalId: string; topics: { topic: string; partitions: number[] }[] },
  ): Promise<unknown>;
  /** `transactionResult`: whether it is committed. */
  endTxn(request: ProducerIdentity & { transactionalId: string; transactionResult: boolean }): Promise<unknown>;
  /** One record batch a partition. Rejects with the first refusal of a partition; the others may have theirs. */
  produce(
    request: ProducerIdentity & {
      transactionalId?: string;
      acks: -1;
      timeout: number;
      compression: number;
      topicData: { topic: string; partitions: { partition: number; firstSequence: number; messages: Message[] }[] }[];
    },
  ): Promise<unknown>;
}

export interface ProducerIdentity {
  producerId: string;
  producerEpoch: number;
}

export interface JoinedGroup {
  generationId: number;
  memberId: string;
  leaderId: string;
  /** For the leader: all of them. */
  members: GroupMember[];
}

export interface RawMessage {
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[] | undefined>;
  /** Ends a transaction; its key says how. */
  isControlRecord: boolean;
  batchContext: { producerId: string; inTransaction: boolean };
}

/** A connection pool of its own, as kafkajs's producers and consumers have one. */
export function clusterOf(kafka: Kafka): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(
    (symbol) => symbol.description === 'private:Kafka:createCluster',
  );
  if (!create) throw new Error('this version of kafkajs is not the one that kafka-internals.ts was written for');
  const make = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[create]!;
  return make({ allowAutoTopicCreation: false, metadataMaxAge: 60_000, isolationLevel: 0 });
}
