import type { InputRecord } from '../partition-graph.js';

/**
 * A run gives the rows of one stream after those of another. What goes on to a group step is therefore run in slices of
 * so much receive time: rows of several streams that come together there are then hardly further apart than they were
 * when they came.
 */
const SLICE_US = 250_000;

export function* receiveSlices(records: readonly InputRecord[]): Iterable<readonly InputRecord[]> {
  let from = 0;
  for (let i = 1; i < records.length; i++) {
    const pastUs = records[i]!.receivedUs - records[from]!.receivedUs;
    if (pastUs < SLICE_US && pastUs >= 0) continue;
    yield records.slice(from, i);
    from = i;
  }
  if (from < records.length) yield records.slice(from);
}
