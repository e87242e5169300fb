import { DEAD_LETTERS_TOPIC } from '../bus/bus.js';
import { KafkaTopics } from '../bus/kafka/kafka-topics.js';
import { PitwallError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { KafkaConnection } from '../kafka/kafka-connection.js';
import { settingOf } from '../kafka/kafka-fault.js';
import { lackingRights, type WantedRights } from '../kafka/lacking-rights.js';
import { ensureTopics, TopicAdmin, type TopicSpec } from '../kafka/topic-admin.js';
import { busTopics, recordsTopic, topicTemplate } from './bus-topics.js';
import type { Config, KafkaConfig } from './config/config.js';
import type { SinkConfigOf } from './config/sink-config.js';

/**
 * Makes and checks the topics before anything starts, so that what is wrong for good (a password, a right, another number
 * of partitions) is said at once. Brokers that cannot be reached are no reason not to start: devices are answered, and
 * what they send waits.
 */
export async function checkCluster(
  connection: KafkaConnection,
  topics: readonly TopicSpec[],
  logger: Logger,
): Promise<void> {
  try {
    const { warnings } = await ensureTopics(connection, { clientId: 'pitwall-start', logger }, topics);
    for (const warning of warnings) logger.warn(warning);
  } catch (error) {
    if (!(error instanceof PitwallError)) throw error;
    const { code, stage, retryable, cause } = error;
    const message = withSetting(error, 'bus.kafka');
    if (!retryable) throw new PitwallError(code, message, { stage, cause });
    logger.error(`${message}; it is tried again, and what devices send is kept meanwhile`);
  }
}

/** What a cluster says when it is asked and nothing is changed. */
export interface ClusterLook {
  there: string[];
  /** Topics that are not there, and could be made. */
  missing: string[];
  warnings: string[];
  faults: string[];
}

/** What a process of role `all` needs of the cluster that is the bus. */
export async function lookAtBus(config: Config, kafka: KafkaConfig): Promise<ClusterLook> {
  const template = topicTemplate(config, kafka);
  const deadLetters = new KafkaTopics(template.base).of(DEAD_LETTERS_TOPIC);
  return lookAtCluster(kafka.connection, {
    place: 'bus.kafka',
    topics: (names) => {
      const spread = template.tags.length > 0 ? names.filter((name) => template.isOwn(name)).sort() : [];
      return [...busTopics(config, kafka), ...spread.map((name) => recordsTopic(config, kafka, name))];
    },
    rights: (there) => {
      return { read: there.filter((topic) => topic !== deadLetters), write: there, group: kafka.group };
    },
  });
}

/** What a sink needs: topics of a template are known when rows come. */
export async function lookAtSink({ name, options }: SinkConfigOf<'kafka'>): Promise<ClusterLook> {
  const { connection, topic, partitions, replication } = options;
  const spec = { topic, partitions, replication, configs: {}, anyPartitions: true };
  return lookAtCluster(connection, {
    place: `sinks.${name}`,
    topics: () => (topic.includes('{') ? [] : [spec]),
    rights: (there) => ({ read: [], write: there, group: null }),
  });
}

interface Wanted {
  /** Where in the configuration the connection stands. */
  place: string;
  /** By the names of all that are there. */
  topics(names: readonly string[]): TopicSpec[];
  /** Of those topics that are there. */
  rights(there: readonly string[]): WantedRights;
}

async function lookAtCluster(connection: KafkaConnection, { topics, rights, place }: Wanted): Promise<ClusterLook> {
  const look: ClusterLook = { there: [], missing: [], warnings: [], faults: [] };
  const options = { clientId: 'pitwall-check', retries: 1 };
  const admin = new TopicAdmin(connection, options);
  try {
    for (const spec of topics(await admin.names())) {
      try {
        const { isThere, warnings } = await admin.look(spec);
        (isThere ? look.there : look.missing).push(spec.topic);
        look.warnings.push(...warnings);
      } catch (error) {
        // Of one topic, where the connection itself is well.
        if (!(error instanceof PitwallError) || error.retryable) throw error;
        look.faults.push(error.message);
      }
    }
    look.faults.push(...(await lackingRights(connection, options, rights(look.there))));
  } catch (error) {
    if (!(error instanceof PitwallError)) throw error;
    look.faults.push(withSetting(error, place));
  } finally {
    await admin.close();
  }
  return look;
}

/** Names the setting that a fault of the connection is about; its value, which may be a secret, is not shown. */
function withSetting(fault: PitwallError, place: string): string {
  const setting = settingOf(fault);
  return setting ? `${fault.message}; see ${place}.${setting}` : fault.message;
}
