import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { compareCells } from './compare-cells.js';
import type { SentStream } from './sent-stream.js';
import type { Store } from './store.js';

/** Streams that were sent, made one at a time: none is held for longer than it takes to compare it. */
export type SentStreams = () => Iterable<SentStream>;

/** Compares each stream in each store, and tells how much that was. No store has a stream that was not sent. */
export async function compareStores(
  t: TestContext,
  stores: readonly Store[],
  sources: readonly SentStreams[],
): Promise<void> {
  const compared = stores.map((store) => ({ store, streams: new Set<string>(), rows: 0, cells: 0 }));
  for (const source of sources) {
    for (const sent of source()) {
      for (const total of compared) {
        const { store } = total;
        const { rows, cells } = compareCells(store, sent, await store.read(sent));
        total.streams.add(store.tagValue(sent.tags.find(({ name }) => name === 'stream')!));
        total.rows += rows;
        total.cells += cells;
      }
    }
  }
  for (const { store, streams, rows, cells } of compared) {
    assert.deepEqual([...(await store.streams())].sort(), [...streams].sort(), `streams of ${store.name}`);
    t.diagnostic(`${store.name}: ${rows} rows of ${streams.size} streams, ${cells} cells compared`);
  }
}
