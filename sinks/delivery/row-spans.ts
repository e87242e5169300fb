import type { SinkBatch } from '../sink.js';
import type { RefusedRow } from './store.js';

/** Rows `from` to `to` (exclusive) of a record. */
export interface RowSpan {
  record: SinkBatch;
  from: number;
  to: number;
}

export function rowsIn(spans: readonly RowSpan[]): number {
  let rows = 0;
  for (const { from, to } of spans) rows += to - from;
  return rows;
}

/** The same rows in two halves, in order; neither is empty where there are two rows or more. */
export function halves(spans: readonly RowSpan[]): [RowSpan[], RowSpan[]] {
  const first: RowSpan[] = [];
  const second: RowSpan[] = [];
  let left = rowsIn(spans) >> 1;
  for (const span of spans) {
    const { record, from, to } = span;
    const cut = from + Math.min(left, to - from);
    if (cut > from) first.push({ record, from, to: cut });
    if (cut < to) second.push({ record, from: cut, to });
    left -= cut - from;
  }
  return [first, second];
}

/** Where a row stands and came from, for people. */
export function placeOf({ record, row }: Omit<RefusedRow, 'reason'>): string {
  const { batch, topic, partition, offset } = record;
  const timeUs = batch.timeUs[row]!;
  // Behind the @ stands which log it is, which tells a person nothing.
  const name = topic.split('@', 1)[0];
  return `the row with timeUs ${timeUs} of ${batch.stream}, record ${offset} of ${name}/${partition}`;
}
