import { Membership } from '../../../bus/kafka/membership.js';
import { Logger } from '../../../core/logger.js';

/**
 * A member in a process of its own: `node member-process.js BROKERS GROUP TOPIC PARTITIONS INSTANCE SESSION-MS`. Prints
 * its events, one as JSON a line. SIGTERM makes it leave.
 */
const [brokers, groupId, topic, partitions, instance, sessionMs] = process.argv.slice(2) as string[];
function print(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

const membership = await Membership.start(
  { brokers: brokers!.split(','), tls: null, sasl: null },
  {
    groupId: groupId!,
    topic: topic!,
    partitions: Number(partitions),
    instance: instance!,
    clientId: 'pitwall-test',
    logger: new Logger('warn'),
    sessionMs: Number(sessionMs),
    heartbeatMs: 300,
  },
  {
    assigned: (owned, generation) => print({ type: 'assigned', owned, generation }),
    rebalancing: () => print({ type: 'rebalancing', owned: [], generation: -1 }),
    lost: () => print({ type: 'lost', owned: [], generation: -1 }),
  },
);
process.once('SIGTERM', () => {
  membership.close().then(() => process.exit(0));
});
