import { test } from 'node:test';
import { needsStores, storesAway } from './stores-away-scenario.js';

/** The short form; the long one is `stores-away.soak.ts`. */
const needs = await needsStores();

for (const how of ['killed', 'silent'] as const) {
  test(
    `Three stores that are ${how} for a while have every row once in the end, and a file beside them goes on.`,
    needs,
    (t) => storesAway(t, { seconds: 20, how }),
  );
}
