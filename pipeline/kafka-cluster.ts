import { PitwallError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { KafkaConnection } from '../kafka/kafka-connection.js';
import { ensureTopics, type TopicSpec } from '../kafka/topic-admin.js';

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
    if (!(error instanceof PitwallError) || !error.retryable) throw error;
    logger.error(`${error.message}; it is tried again, and what devices send is kept meanwhile`);
  }
}
