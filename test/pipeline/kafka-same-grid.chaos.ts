import { test } from 'node:test';
import { needsSharedKafka } from '../servers/kafka-server.js';
import { gridInput } from './grid-input.js';
import { assertSameThroughKafka } from './same-rows.js';

test(
  'a million rows of the simulated grid are the same through Kafka, in one process and in two, as through the log',
  needsSharedKafka(),
  (t) => assertSameThroughKafka(t, gridInput({ cars: 20, seconds: 250, timeoutMs: 240_000 })),
);
