import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { kafkaFault, typeOf } from './kafka-fault.js';
import { type Broker, clusterOf } from './kafka-internals.js';

export interface WantedRights {
  /** Topics that are there. */
  read: readonly string[];
  write: readonly string[];
  /** Null: no consumer group is joined. */
  group: string | null;
}

/** No topic has so many. */
const NO_PARTITION = 2 ** 31 - 1;
const NO_MEMBER = 'pitwall-check';

/**
 * What the user may not do, in words. Brokers have no question for it that everyone may ask, but they look at the rights
 * before they look at what is asked for: so they are asked to read and to write a partition that no topic has, and to
 * keep a member that no group has. Nothing is read or written.
 */
export async function lackingRights(
  connection: KafkaConnection,
  options: KafkaClientOptions,
  { read, write, group }: WantedRights,
): Promise<string[]> {
  const cluster = clusterOf(kafkaClient(connection, options));
  const lacking: string[] = [];
  try {
    await cluster.connect();
    await cluster.refreshMetadata();
    const broker = await cluster.findBroker({ nodeId: cluster.getNodeIds()[0]! });
    for (const topic of read) {
      if (await isRefused(readNothing(broker, topic))) lacking.push(`${topic}: the user may not read it (right: Read)`);
    }
    for (const topic of write) {
      if (await isRefused(writeNothing(broker, topic)))
        lacking.push(`${topic}: the user may not write to it (right: Write)`);
    }
    if (group !== null && (await isRefused(joinNothing(broker, group))))
      lacking.push(`group ${group}: the user may not join it (right: Read on the group)`);
    return lacking;
  } catch (error) {
    throw kafkaFault(error, 'asking for rights');
  } finally {
    await cluster.disconnect().catch(() => {});
  }
}

function readNothing(broker: Broker, topic: string): Promise<unknown> {
  const partitions = [{ partition: NO_PARTITION, fetchOffset: '0', maxBytes: 1 }];
  const topics = [{ topic, partitions }];
  return broker.fetch({ maxWaitTime: 0, minBytes: 0, maxBytes: 1, isolationLevel: 0, topics });
}

function writeNothing(broker: Broker, topic: string): Promise<unknown> {
  const partitions = [{ partition: NO_PARTITION, firstSequence: 0, messages: [{ value: null }] }];
  // Left out are those of a transaction, for which kafkajs has its defaults.
  const request = { acks: -1, timeout: 5_000, compression: 0, topicData: [{ topic, partitions }] };
  return broker.produce(request as unknown as Parameters<Broker['produce']>[0]);
}

async function joinNothing(broker: Broker, groupId: string): Promise<unknown> {
  return broker.heartbeat({ groupId, groupGenerationId: -1, memberId: NO_MEMBER });
}

/** Whether it is refused for want of a right. What it asks for is not there: any other refusal of a broker is as expected. */
async function isRefused(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return false;
  } catch (error) {
    const type = typeOf(error);
    if (type === null) throw error;
    return /_AUTHORIZATION_FAILED$/.test(type);
  }
}
