import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killedWhileWriting } from './killed-while-writing.js';
import { mongoCommand } from './mongo-command.js';
import { mongodb } from './mongodb-server.js';
import type { Document } from './small-bson.js';

const lap = (i: number) => ({ _id: i, speed: i + 0.5, driver: 'Ø', at: new Date(i), dnf: false });

test('A MongoDB that is killed comes back with every acknowledged document.', await mongodb.needsOwn(), async () => {
  const server = await mongodb.start();
  const run = (command: Document) => mongoCommand(server.url, 'race', command);
  const insert = (i: number) => run({ insert: 'laps', documents: [lap(i)], writeConcern: { j: true } });

  const count = await killedWhileWriting(server, async (i) => {
    const { ok, n } = await insert(i);
    assert.deepEqual([ok, n], [1, 1]);
  });
  const found = await run({ find: 'laps', sort: { _id: 1 }, limit: count, batchSize: count });
  assert.deepEqual(
    (found.cursor as { firstBatch: Document[] }).firstBatch,
    Array.from({ length: count }, (_, i) => lap(i)),
  );

  const again = await insert(0);
  assert.deepEqual([again.n, (again.writeErrors as Document[])[0]!.code], [0, 11000], 'a key is there once');
  await server.kill();
});
