import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { Batch } from '../../columnar/batch.js';
import { PitwallError } from '../../core/errors.js';
import type { StreamPattern } from '../../core/stream-pattern.js';
import { unpack } from '../../schemas/data-block.js';
import type { Position } from '../../sinks/sink.js';
import { closeAll, type OpenPartition, openTopic } from '../bus-reader.js';
import type { Config, SinkConfig } from '../config/config.js';
import { FreshRecords } from '../lanes/fresh-records.js';
import { Tagger } from '../lanes/tagger.js';
import { type BusPoint, partitionRange, patience } from '../reprocess/bus-point.js';
import { GrowingTimes } from './growing-times.js';

const READ_BYTES = 1024 * 1024;
const ANSWER_MS = 30_000;
/** Eight bytes each are held. */
const ROWS_MAX = 100_000_000;

/** What stands on the bus of a stream for a branch. */
export interface DueRows {
  tags: Readonly<Record<string, string>>;
  /** Rows that the branch has passed and its store can hold. */
  times: GrowingTimes;
  /** Rows that it has yet to write. */
  waiting: number;
  /** Rows that the store cannot hold, such as those without a value in InfluxDB. */
  unstorable: number;
}

export interface DueOptions {
  since: BusPoint;
  /** Null: all streams. */
  streams: StreamPattern | null;
  /** How far the branch has come; null: it has passed everything. */
  reached: readonly Position[] | null;
  holds: ((batch: Batch, row: number) => boolean) | null;
}

/** Reads what a branch reads, from the bus and without it, and gathers the times of the rows by stream. */
export async function dueRows(config: Config, sink: SinkConfig, options: DueOptions): Promise<Map<string, DueRows>> {
  const due = new Map<string, DueRows>();
  const patterns = sink.from.flatMap((input) => ('pattern' in input ? [input.pattern] : []));
  const tagger = new Tagger(
    config.streams.map(({ pattern }) => pattern.text),
    patterns,
  );
  const processors = sink.from.flatMap((input) => ('processor' in input ? [input.processor] : []));
  for (const topic of [...(patterns.length > 0 ? [TELEMETRY_TOPIC] : []), ...processors]) {
    const open = await openTopic(config, topic);
    try {
      for (const place of open)
        await readPartition(place, config.bus.kafka !== null, processors.includes(topic) ? null : tagger, options, due);
    } finally {
      await closeAll(open);
    }
  }
  return due;
}

async function readPartition(
  place: OpenPartition,
  repeats: boolean,
  /** Null: the rows of a processor carry their tags. */
  tagger: Tagger | null,
  { since, streams, reached, holds }: DueOptions,
  due: Map<string, DueRows>,
): Promise<void> {
  const { bus, topic, partition } = place;
  const { from, to } = await partitionRange(place, since, null);
  const position = reached?.find((at) => at.topic === topic && at.partition === partition)?.offset ?? null;
  const fresh = new FreshRecords(bus, [], repeats);
  let untilMs = performance.now() + ANSWER_MS;
  for (let offset = from; offset < to; ) {
    const run = await bus.read(topic, partition, offset, READ_BYTES);
    if (run.next === offset) await patience(place, untilMs);
    else untilMs = performance.now() + ANSWER_MS;
    offset = run.next;
    for (const record of run.records) {
      if (!fresh.isNew(record) || record.kind !== 'data' || record.offset >= to) continue;
      const { stream } = record;
      const tags = tagger ? tagger.tags(stream) : tagsOf(record.tags);
      if (tags === null || (streams && !streams.matches(stream))) continue;
      let rows: ReturnType<FreshRecords['rows']>;
      try {
        rows = fresh.rows(record);
      } catch (error) {
        if (error instanceof PitwallError) continue;
        throw error;
      }
      let entry = due.get(stream);
      if (!entry) due.set(stream, (entry = { tags, times: new GrowingTimes(), waiting: 0, unstorable: 0 }));
      const batch = unpack([rows.packed], stream, rows.schema);
      if (position !== null && record.offset >= position) entry.waiting += batch.rows;
      else take(entry, batch, holds);
    }
    mustFit(due);
  }
}

function take(entry: DueRows, batch: Batch, holds: DueOptions['holds']): void {
  if (!holds) {
    entry.times.add(batch.timeUs, 0, batch.rows);
    return;
  }
  for (let row = 0; row < batch.rows; row++) {
    if (holds(batch, row)) entry.times.add(batch.timeUs, row, row + 1);
    else entry.unstorable++;
  }
}

function tagsOf(text: string): Readonly<Record<string, string>> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
}

function mustFit(due: ReadonlyMap<string, DueRows>): void {
  let rows = 0;
  for (const { times } of due.values()) rows += times.rows;
  if (rows <= ROWS_MAX) return;
  throw new PitwallError(
    'bad-usage',
    `there are over ${ROWS_MAX} rows to compare; ask for less with --stream or --since`,
    {
      stage: 'command',
    },
  );
}
