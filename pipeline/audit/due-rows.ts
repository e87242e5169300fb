import { type BusRecord, TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { StreamPattern } from '../../core/stream-pattern.js';
import { unpack } from '../../schemas/data-block.js';
import type { Auditor } from '../../sinks/auditor.js';
import type { Position } from '../../sinks/sink.js';
import { splitInputs } from '../build-lanes.js';
import { closeAll, type OpenPartition, openTopic } from '../bus-reader.js';
import type { Config, SinkConfig } from '../config/config.js';
import { FreshRecords } from '../lanes/fresh-records.js';
import { recordTags, Tagger } from '../lanes/tagger.js';
import type { BusPoint } from '../reprocess/bus-point.js';
import { DueLedger } from './due-ledger.js';
import { freshRows } from './fresh-rows.js';
import type { DueRows, RowState } from './remaining-rows.js';

const CHECK_RECORDS = 1_000;

export interface DueOptions {
  since: BusPoint;
  /** Null: all streams. */
  streams: StreamPattern | null;
  /** How far the branch has come, as this machine knows it; null: it has not run here. */
  reached: readonly Position[] | null;
  /** Of the store; a store that cannot be asked has none. */
  rules: Pick<Auditor, 'holds' | 'overwriting'>;
}

/**
 * Reads what a branch reads, from the bus and without it, and gathers what is due in its store by stream. Where a later row
 * takes the place of any other of its key, all that the bus keeps is read: one of another stream, or of before, may have.
 */
export async function dueRows(config: Config, sink: SinkConfig, options: DueOptions): Promise<Map<string, DueRows>> {
  const { rules, streams } = options;
  const isWhole = rules.overwriting?.unitUs === null;
  const read: DueOptions = isWhole ? { ...options, since: { start: true }, streams: null } : options;
  const ledger = new DueLedger(rules);
  const { patterns, processors } = splitInputs(sink.from);
  const tagger = new Tagger(
    config.streams.map(({ pattern }) => pattern.text),
    patterns,
  );
  // Of rows with equal times, stores that compare them take that of the last topic for the latest.
  for (const topic of [...(patterns.length > 0 ? [TELEMETRY_TOPIC] : []), ...processors].sort()) {
    const open = await openTopic(config, topic);
    try {
      for (const place of open)
        await readPartition(place, config.bus.kafka !== null, processors.includes(topic) ? null : tagger, read, ledger);
    } finally {
      await closeAll(open);
    }
  }
  return new Map([...ledger.settle()].filter(([stream]) => !streams || streams.matches(stream)));
}

async function readPartition(
  place: OpenPartition,
  /** The bus is Kafka, where records may stand twice, and other machines run the branch as well. */
  isShared: boolean,
  /** Null: the rows of a processor carry their tags. */
  tagger: Tagger | null,
  { since, streams, reached }: DueOptions,
  ledger: DueLedger,
): Promise<void> {
  const { bus, topic, partition } = place;
  const known = reached?.find((at) => at.topic === topic && at.partition === partition)?.offset;
  // On the bus of one machine it has not begun there; in Kafka another machine may have passed any of it.
  const position = known ?? (isShared ? null : 0);
  const tagsOf = (record: BusRecord) => (tagger ? tagger.tags(record.stream) : recordTags(record));
  const isWanted = (record: BusRecord) => (!streams || streams.matches(record.stream)) && tagsOf(record) !== null;
  let added = 0;
  for await (const { record, rows } of freshRows(place, since, new FreshRecords(bus, [], isShared), isWanted)) {
    const { stream, offset, key, receivedUs } = record;
    const batch = unpack([rows.packed], stream, rows.schema);
    ledger.add({ batch, topic, partition, offset, key, tags: tagsOf(record)!, receivedUs }, stateOf(offset, position));
    if (++added % CHECK_RECORDS === 0) ledger.mustFit();
  }
  ledger.mustFit();
}

/** `position`: up to where the branch has come; null: nobody here knows. */
function stateOf(offset: number, position: number | null): RowState {
  if (position === null) return 'unknown';
  return offset < position ? 'passed' : 'waiting';
}
