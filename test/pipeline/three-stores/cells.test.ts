import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareStores } from './compare-stores.js';
import { nastyStreams, sendNasty } from './nasty-streams.js';
import { simulate, simulatedStreams } from './simulated-streams.js';
import { needsThreeStores, ThreeStores } from './three-stores.js';

const ROWS = 500;
const DRIVE = { cars: 1, seconds: 3, seed: 11 };

test(
  'Rows of likely trouble, and of a fleet, are in InfluxDB, S3 and MongoDB at once, each cell as it was sent or as the README of its sink says.',
  await needsThreeStores(),
  async (t) => {
    const stores = await ThreeStores.start(t, { kinds: ['nasty', 'sim'] });
    await sendNasty(stores.http, ROWS, 1);
    await simulate(stores.http, DRIVE);
    await stores.settle(200_000);
    assert.deepEqual(await stores.deadLetters(), []);
    await compareStores(t, stores.stores, [() => nastyStreams(ROWS, 1), () => simulatedStreams(DRIVE)]);
  },
);
