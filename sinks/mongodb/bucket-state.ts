import { type Document, Long } from 'mongodb';
import type { SinkBatch } from '../sink.js';
import type { BucketColumns } from './bucket-columns.js';

/** A bucket is in several documents where it is larger. A document is written anew with each request, and may have 16 MiB. */
export const PART_BYTES_MAX = 4 * 1024 * 1024;

/** Rows of a record that fall into one bucket. */
export interface BucketSpan {
  record: SinkBatch;
  from: number;
  to: number;
}

interface Place {
  topic: string;
  partition: number;
  offset: number;
  row: number;
}

/** What is known of a bucket: its last part, and which rows are in it and the parts before. */
export interface BucketState {
  part: number;
  /** Rows of the part, which tells one state of it from all others. */
  count: number;
  /** About; of the part. */
  bytes: number;
  /** Paths of the part's arrays. */
  columns: ReadonlySet<string>;
  /** The last row of each partition. Rows of a stream come in the order of their partition, so all before are there, too. */
  places: ReadonlyMap<string, Place>;
}

export const EMPTY: BucketState = { part: 0, count: 0, bytes: 0, columns: new Set(), places: new Map() };

export interface BucketStep {
  spans: BucketSpan[];
  rows: number;
  /** The part before and after the rows are in it. */
  before: BucketState;
  after: BucketState;
}

/** Those rows that are not in the bucket yet. */
export function missingRows(spans: readonly BucketSpan[], { places }: BucketState): BucketSpan[] {
  return spans.flatMap((span) => {
    const { topic, partition, offset } = span.record;
    const place = places.get(placeKey(topic, partition));
    if (!place || offset > place.offset) return [span];
    if (offset < place.offset) return [];
    const from = Math.max(span.from, place.row + 1);
    return from < span.to ? [{ ...span, from }] : [];
  });
}

/** As many rows as go into the bucket's last part, or else into its next one; at least one. */
export function nextStep(
  spans: readonly BucketSpan[],
  last: BucketState,
  columnsOf: (record: SinkBatch) => BucketColumns,
): BucketStep {
  const firstColumns = columnsOf(spans[0]!.record);
  firstColumns.load(spans[0]!.record);
  const firstBytes = firstColumns.bytesOf(spans[0]!.from);
  firstColumns.unload();
  const isFull = last.count > 0 && last.bytes + firstBytes > PART_BYTES_MAX;
  const isOther = !fits(last.columns, firstColumns.cells.keys());
  const before = isFull || isOther ? { ...EMPTY, part: last.part + 1, places: last.places } : last;
  const step: BucketStep = { spans: [], rows: 0, before, after: before };
  const columns = new Set(before.columns);
  const places = new Map(before.places);
  let { bytes } = before;
  for (const { record, from, to } of spans) {
    const own = columnsOf(record);
    if (!fits(columns, own.cells.keys())) break;
    own.load(record);
    let at = from;
    for (; at < to; at++) {
      const rowBytes = own.bytesOf(at);
      if (step.rows > 0 && bytes + rowBytes > PART_BYTES_MAX) break;
      bytes += rowBytes;
      step.rows++;
    }
    own.unload();
    if (at > from) {
      for (const path of own.cells.keys()) columns.add(path);
      step.spans.push({ record, from, to: at });
      const { topic, partition, offset } = record;
      places.set(placeKey(topic, partition), { topic, partition, offset, row: at - 1 });
    }
    if (at < to) break;
  }
  step.after = { part: before.part, count: before.count + step.rows, bytes, columns, places };
  return step;
}

/** Whether a value and a document would have the same name. */
function fits(columns: ReadonlySet<string>, paths: Iterable<string>): boolean {
  if (columns.size === 0) return true;
  for (const path of paths) {
    if (columns.has(path)) continue;
    for (const other of columns) if (other.startsWith(`${path}.`) || path.startsWith(`${other}.`)) return false;
  }
  return true;
}

function placeKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** As it is kept in the document. */
export function storedState({ bytes, columns, places }: BucketState): Document {
  const at = [...places.values()].map((place) => ({ ...place, offset: Long.fromNumber(place.offset) }));
  return { at, columns: [...columns], bytes };
}

export function stateOf({ _id, count, _state }: Document): BucketState {
  const { at, columns, bytes } = _state;
  const places = (at as Place[]).map(({ topic, partition, offset, row }): [string, Place] => [
    placeKey(topic, partition),
    { topic, partition, offset: Number(offset), row },
  ]);
  return { part: _id.part, count, bytes, columns: new Set(columns), places: new Map(places) };
}
