import type { Document } from 'mongodb';
import type { SinkBatch } from '../../../sinks/sink.js';
import { type Row, rowsOf } from '../../contract/sink-workload.js';
import { cellOf } from './mongo-rows.js';

/** The latest row of each stream: by time, then by where it comes from. */
export function latestOf(batches: readonly SinkBatch[]): Map<string, Row> {
  const all = batches
    .filter(({ batch }) => batch.rows > 0)
    .flatMap((record) => {
      const [rows] = rowsOf([record]).values();
      return rows!.map((row, r) => ({
        stream: record.batch.stream,
        row,
        place: [row.timeUs as number, record.partition, record.offset, r],
      }));
    });
  all.sort((a, b) => a.place.map((part, i) => part - b.place[i]!).find((difference) => difference !== 0) ?? 0);
  return new Map(all.map(({ stream, row }) => [stream, row]));
}

/** A document of `upsert` with `key: stream`. */
export function rowOf({ _id, _at, time, stream, ...rest }: Document): [string, Row] {
  return [stream, Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, cellOf(value)])) as Row];
}
