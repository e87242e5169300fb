import { test } from 'node:test';
import { needsStores, storesAway } from './stores-away-scenario.js';

const seconds = Number(process.env.PITWALL_SOAK_SECONDS ?? 600);

test(
  `Three stores that are killed for ${seconds} s have every row once in the end, a file beside them goes on, and memory does not grow with the time.`,
  await needsStores(),
  (t) => storesAway(t, { seconds, how: 'killed' }),
);
