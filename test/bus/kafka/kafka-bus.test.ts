import { basename } from 'node:path';
import { busContract } from '../../contract/bus.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../../servers/kafka-server.js';
import { connectionTo, openKafkaBus } from './kafka-bus.js';

const TOPICS = ['telemetry', 'g_at_position', 'topic0', 'topic1'];
const prefix = uniqueName('contract');

busContract(
  'Kafka behind a spool keeps the contract of a bus',
  async (place, partitions) => {
    const { brokers } = await sharedKafka();
    return openKafkaBus(connectionTo(brokers), `${prefix}-${basename(place)}`, TOPICS, place, partitions);
  },
  { runs: 5, ...needsSharedKafka() },
);
