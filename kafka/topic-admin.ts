import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { PitwallError } from '../core/errors.js';
import { settles } from '../core/settles.js';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { kafkaFault, typeOf } from './kafka-fault.js';
import { KafkaSockets } from './kafka-sockets.js';
import { checkTopic, refused, wantedText } from './topic-check.js';

const { ConfigResourceTypes } = kafkajs;

export interface TopicSpec {
  topic: string;
  /** Null: the brokers' default, and any number will do. */
  partitions: number | null;
  /** Of a topic made here; null = the brokers' default. */
  replication: number | null;
  /** Of a topic made here; `cleanup.policy` and `max.message.bytes` are held against one that is there, too. */
  configs: Readonly<Record<string, string>>;
  /** `partitions` is only what a topic made here gets. */
  anyPartitions?: boolean;
}

export interface TopicFacts {
  partitions: number;
  /** The largest batch of messages it takes; null when the user may not know. */
  maxMessageBytes: number | null;
}

export interface EnsuredTopics {
  topics: Map<string, TopicFacts>;
  /** Texts for the operator: what is there and works, but not as it should. */
  warnings: string[];
}

export interface TopicLook {
  isThere: boolean;
  warnings: string[];
}

/** How long the brokers may take to make a topic and to agree on its leaders. */
const MAKE_MS = 30_000;
const POLL_MS = 50;
/** How long an orderly end may take. */
const CLOSE_MS = 1_000;
/** Topics of one request, and topics that are asked about at once. */
const TOPICS_AT_ONCE = 100;
const NOT_LED = -1;
const CHECKED_CONFIGS = ['cleanup.policy', 'max.message.bytes'];

/** Makes topics and asks about them. Connects with its first use; after a fault it connects anew. */
export class TopicAdmin {
  private admin: Promise<Admin> | null = null;
  private sockets: KafkaSockets | null = null;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly options: KafkaClientOptions,
  ) {}

  /**
   * Makes the topics that are missing, waits until each partition has a leader, and checks those that were there.
   * Several processes may do so at once. Throws `bad-configuration` where a topic cannot be used as it is, `bus-failed`
   * where the brokers are not reached or deny a right.
   */
  async ensure(specs: readonly TopicSpec[]): Promise<EnsuredTopics> {
    const ensured: EnsuredTopics = { topics: new Map(), warnings: [] };
    for (let at = 0; at < specs.length; at += TOPICS_AT_ONCE) {
      const some = specs.slice(at, at + TOPICS_AT_ONCE);
      const there = await allOf(some.map(({ topic }) => this.partitionsOf(topic)));
      const missing = some.filter((_, i) => there[i] === null);
      if (missing.length > 0) await this.make(missing);
      await allOf(
        some.map(async (spec, i) => {
          const known = there[i] ?? NOT_LED;
          const partitions = known === NOT_LED ? await this.untilLed(spec.topic) : known;
          const configs = await this.configsOf(spec.topic);
          ensured.warnings.push(...checkTopic(spec, partitions, configs));
          const bytes = configs?.get('max.message.bytes');
          ensured.topics.set(spec.topic, { partitions, maxMessageBytes: bytes === undefined ? null : Number(bytes) });
        }),
      );
    }
    return ensured;
  }

  /**
   * What `ensure` would find and do with a topic, which it does not do. Throws as that does. Whether a missing one could
   * be made is what the brokers say.
   */
  async look(spec: TopicSpec): Promise<TopicLook> {
    const { topic } = spec;
    const partitions = await this.partitionsOf(topic);
    if (partitions === null) {
      await this.make([spec], true);
      return { isThere: false, warnings: [] };
    }
    if (partitions === NOT_LED) return { isThere: true, warnings: [`topic ${topic} has partitions without a leader`] };
    return { isThere: true, warnings: checkTopic(spec, partitions, await this.configsOf(topic)) };
  }

  /** Of all topics that the user may see. */
  names(): Promise<string[]> {
    return this.asked('asking for the topics', (admin) => admin.listTopics());
  }

  /** Of the cluster, which has it for as long as it lives. */
  clusterId(): Promise<string> {
    return this.asked('asking for the cluster', async (admin) => (await admin.describeCluster()).clusterId);
  }

  /** The offset of the next message of each partition, by partition. Topics that are not there are left out. */
  async ends(topics: Iterable<string>): Promise<Map<string, number[]>> {
    const ends = new Map<string, number[]>();
    const all = [...topics];
    for (let at = 0; at < all.length; at += TOPICS_AT_ONCE) {
      const some = all.slice(at, at + TOPICS_AT_ONCE).map(async (topic) => {
        const offsets = await this.asked(`asking for the end of ${topic}`, async (admin) => {
          try {
            return await admin.fetchTopicOffsets(topic);
          } catch (error) {
            if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
            throw error;
          }
        });
        if (!offsets) return;
        const ofTopic: number[] = [];
        for (const { partition, high } of offsets) ofTopic[partition] = Number(high);
        ends.set(topic, ofTopic);
      });
      await allOf(some);
    }
    return ends;
  }

  async close(): Promise<void> {
    const { admin, sockets } = this;
    this.admin = null;
    const ended = admin?.then((connected) => connected.disconnect()) ?? Promise.resolve();
    await settles(ended, CLOSE_MS).catch(() => {});
    // Of a broker that is silent the end never comes.
    sockets?.cut(new Error('the connection was cut'));
  }

  /** The number of a topic's partitions, null when it is not there, NOT_LED while one has no leader. */
  private async partitionsOf(topic: string): Promise<number | null> {
    return this.asked(`asking for topic ${topic}`, async (admin) => {
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length ?? null;
      } catch (error) {
        const type = typeOf(error);
        if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
        if (type === 'LEADER_NOT_AVAILABLE') return NOT_LED;
        if (type === 'TOPIC_AUTHORIZATION_FAILED') throw denied(topic, 'Describe');
        if (type === 'INVALID_TOPIC_EXCEPTION') throw misnamed(topic, error);
        throw error;
      }
    });
  }

  /** Makes topics that were missing a moment ago, or only asks whether that could be done; one that another process has made meanwhile is as good. */
  private async make(specs: readonly TopicSpec[], validateOnly = false): Promise<void> {
    const topics = specs.map(({ topic, partitions, replication, configs }) => ({
      topic,
      numPartitions: partitions ?? -1,
      replicationFactor: replication ?? -1,
      configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
    }));
    await this.asked(`making topic ${topics[0]!.topic}`, async (admin) => {
      try {
        await admin.createTopics({ topics, validateOnly, timeout: MAKE_MS, waitForLeaders: false });
      } catch (error) {
        const faults = (error as { errors?: { type: string; topic: string }[] }).errors;
        if (!Array.isArray(faults)) throw error;
        const fault = faults.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
        if (fault) throw notMade(specs.find(({ topic }) => topic === fault.topic) ?? specs[0]!, fault);
      }
    });
  }

  /** Waits until every partition has a leader; returns how many there are. */
  private untilLed(topic: string): Promise<number> {
    return untilKnown(topic, async () => {
      const partitions = await this.partitionsOf(topic);
      return partitions === null || partitions === NOT_LED ? undefined : partitions;
    });
  }

  /** What is configured for a topic; null when the user may not know. */
  private configsOf(topic: string): Promise<Map<string, string> | null> {
    const ask = async (admin: Admin): Promise<Map<string, string> | null | undefined> => {
      try {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: CHECKED_CONFIGS }],
        });
        return new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
      } catch (error) {
        if (typeOf(error) === 'TOPIC_AUTHORIZATION_FAILED') return null;
        // A broker that has not yet heard of a topic that was just made.
        if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
        throw error;
      }
    };
    return untilKnown(topic, () => this.asked(`asking for the configuration of ${topic}`, ask));
  }

  private async asked<T>(doing: string, ask: (admin: Admin) => Promise<T>): Promise<T> {
    this.admin ??= this.connect();
    const { admin } = this;
    try {
      return await ask(await admin);
    } catch (error) {
      if (this.admin === admin) await this.close();
      throw kafkaFault(error, doing);
    }
  }

  private async connect(): Promise<Admin> {
    const sockets = new KafkaSockets();
    this.sockets = sockets;
    const admin = kafkaClient(this.connection, { ...this.options, sockets }).admin();
    await admin.connect();
    return admin;
  }
}

/** As `TopicAdmin.ensure`, with a connection of its own. */
export async function ensureTopics(
  connection: KafkaConnection,
  options: KafkaClientOptions,
  specs: readonly TopicSpec[],
): Promise<EnsuredTopics> {
  const admin = new TopicAdmin(connection, options);
  try {
    return await admin.ensure(specs);
  } finally {
    await admin.close();
  }
}

/**
 * As Promise.all, but a rejection waits for the others, too: whoever is told of it closes the connection, and one that
 * still asked would open another, which nobody closes.
 */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Asks until there is an answer: a new topic becomes known to one broker after another. */
async function untilKnown<T>(topic: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + MAKE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) {
      const message = `Kafka topic ${topic} is not led by any broker ${MAKE_MS / 1000} s after it was asked for: are all brokers running?`;
      throw new PitwallError('bus-failed', message, { stage: 'bus', retryable: true });
    }
    await sleep(POLL_MS);
  }
}

function denied(topic: string, right: 'Describe' | 'Create', more = ''): PitwallError {
  const message = `Kafka topic ${topic}: the user has no right to it (${right})${more}`;
  return new PitwallError('bus-failed', message, { stage: 'bus' });
}

function misnamed(topic: string, cause: unknown): PitwallError {
  const what = 'cannot be made: the name is not allowed, or differs from that of another topic only in . and _';
  return refused(topic, what, 'choose another name', cause);
}

function notMade(spec: TopicSpec, error: { type: string }): PitwallError {
  const { topic, replication, partitions } = spec;
  const configs = wantedText(spec);
  const byHand = `make it by hand${partitions === null ? '' : `, with ${partitions} partitions`}${configs === '' ? '' : ` and ${configs}`}`;
  switch (error.type) {
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return denied(topic, 'Create', `, and it is not there: grant the right, or ${byHand}`);
    case 'INVALID_REPLICATION_FACTOR':
      return refused(
        topic,
        `cannot be made with ${replication ?? "the brokers' default number of"} replicas: the cluster has fewer brokers`,
        'lower replication, or add brokers',
        error,
      );
    case 'INVALID_TOPIC_EXCEPTION':
      return misnamed(topic, error);
    case 'INVALID_PARTITIONS':
    case 'INVALID_CONFIG':
    case 'POLICY_VIOLATION':
      return refused(topic, `cannot be made as wanted: the brokers say ${error.type}`, byHand, error);
  }
  return kafkaFault(error, `making topic ${topic}`);
}
