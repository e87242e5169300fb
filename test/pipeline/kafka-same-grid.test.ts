import { test } from 'node:test';
import { needsSharedKafka } from '../servers/kafka-server.js';
import { gridInput } from './grid-input.js';
import { assertSameThroughKafka } from './same-rows.js';

test(
  'the simulated grid gives the same 100,500 rows through Kafka, in one process and in two, as through the log',
  needsSharedKafka(),
  (t) => assertSameThroughKafka(t, gridInput({ cars: 20, seconds: 25 })),
);
