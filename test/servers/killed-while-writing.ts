import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.js';
import type { Lifecycle } from './real-servers.js';

/**
 * Does `write` with 0, 1, 2, … one after another, kills the server amid that, and starts it again. Returns how many
 * were acknowledged: all below. The next one may have been written as well.
 */
export async function killedWhileWriting(server: Lifecycle, write: (i: number) => Promise<void>): Promise<number> {
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) {
      await write(acknowledged);
      acknowledged++;
    }
  })();
  await Promise.race([writing, eventually('it takes 20 writes', () => acknowledged >= 20)]);
  await server.kill();
  await assert.rejects(writing);
  await server.start();
  return acknowledged;
}
