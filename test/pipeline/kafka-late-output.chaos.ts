import { test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { lateRowsOnce } from './late-scenario.js';

test(
  'Right rows that came too late are in the second output once each over Kafka, before and after a kill, and others read them.',
  needsSharedKafka(),
  async (t) => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('late');
    const kafka = `brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 2`;
    await lateRowsOnce(t, `{ kafka: { ${kafka}, spool: ./spool, state: ./state } }`);
  },
);
