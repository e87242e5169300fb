import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../../support/recordings.js';
import { compareStores } from './compare-stores.js';
import { nastyStreams, sendNasty } from './nasty-streams.js';
import { COMMA, recordedStreams, replay, VEHSENSE } from './recorded-streams.js';
import { simulate, simulatedStreams } from './simulated-streams.js';
import { needsThreeStores, ThreeStores } from './three-stores.js';

const ROWS = 5_000;
/** 2,010 rows in each second. */
const DRIVE = { cars: 10, seconds: 500, seed: 12 };

const absent = [await needsThreeStores(), needs(COMMA.folder), needs(VEHSENSE.folder)].find(
  ({ skip }) => skip !== false,
);

test(
  'A million simulated rows, two recordings of real cars and rows of likely trouble are in InfluxDB, S3 and MongoDB at once, each cell as it was sent or as the README of its sink says; MongoDB has the million as buckets.',
  absent ?? {},
  async (t) => {
    const stores = await ThreeStores.start(t, { kinds: ['nasty', 'road', 'sim'], asBuckets: ['sim'] });
    await sendNasty(stores.http, ROWS, 2);
    await replay(stores.http, COMMA);
    await replay(stores.http, VEHSENSE);
    const rows = await simulate(stores.http, DRIVE);
    assert.ok(rows >= 1_000_000, `${rows} rows`);
    await stores.settle(800_000);
    assert.deepEqual(
      (await stores.deadLetters()).map(({ stream }) => stream),
      [...COMMA.refused, ...VEHSENSE.refused],
    );
    await compareStores(t, stores.stores, [
      () => nastyStreams(ROWS, 2),
      () => recordedStreams(COMMA),
      () => recordedStreams(VEHSENSE),
      () => simulatedStreams(DRIVE),
    ]);
    t.diagnostic(`the test itself held ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most`);
  },
);
