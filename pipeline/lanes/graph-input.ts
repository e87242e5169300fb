import type { BusReader, BusRecord } from '../../bus/bus.js';
import { groupedRecords } from '../../processors/grouping/grouped-records.js';
import type { InputRecord } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { readPacked } from '../../schemas/read-packed.js';
import type { FreshRecords } from './fresh-records.js';
import { Tagger } from './tagger.js';

const NO_TAGS = {};

/** What says which streams it reads. */
export interface Reader {
  wants(stream: string): boolean;
}

/** Makes of the records of the bus what a graph of processors takes. */
export class GraphInput {
  private readonly tagger: Tagger;

  /**
   * `declared`: patterns of declared streams. `refuse` hears of records that cannot be read, or throws their fault on.
   * `grouped`: they are of the topic of a group step.
   */
  constructor(
    private readonly bus: Pick<BusReader, 'schema'>,
    declared: readonly string[],
    private readonly refuse: (record: BusRecord, error: unknown) => void,
    private readonly grouped: ProcessorPlan['grouped'] = undefined,
  ) {
    this.tagger = new Tagger(declared, ['#']);
  }

  /**
   * `fresh` takes each record once; null where every record stands on the bus once. `afterUs` is the receive time of what
   * was read before: behind a group step there is one clock, the furthest of the partitions that rows come from.
   */
  of(records: readonly BusRecord[], graph: Reader, fresh: FreshRecords | null, afterUs = 0): InputRecord[] {
    const { grouped } = this;
    const input: InputRecord[] = [];
    let receivedUs = afterUs;
    for (const record of records) {
      // What was taken before must not move time again either.
      if (fresh && !fresh.isNew(record)) continue;
      const one = this.one(record, graph, fresh);
      if (!grouped) {
        input.push(one);
        continue;
      }
      receivedUs = Math.max(receivedUs, record.receivedUs);
      input.push(...groupedRecords({ ...one, receivedUs, writer: '' }, grouped.topic, grouped.by));
    }
    return input;
  }

  private one(record: BusRecord, graph: Reader, fresh: FreshRecords | null): InputRecord {
    const { offset, key, stream, receivedUs, writer } = record;
    // A record nobody reads still moves time, as a tick does.
    if (record.kind === 'tick' || !graph.wants(stream)) return tick(offset, receivedUs, writer);
    const tags = this.tagger.tags(stream) ?? NO_TAGS;
    if (fresh) {
      try {
        return { offset, kind: 'data', key, stream, receivedUs, writer, tags, ...fresh.rows(record) };
      } catch (error) {
        this.refuse(record, error);
        return tick(offset, receivedUs, writer);
      }
    }
    const packed = readPacked(record.value);
    const schema = this.bus.schema(packed.schema) ?? null;
    return { offset, kind: 'data', key, stream, receivedUs, writer, tags, packed, schema };
  }
}

export function tick(offset: number, receivedUs: number, writer = ''): InputRecord {
  return { offset, kind: 'tick', key: '', stream: '', receivedUs, writer, tags: {}, packed: null, schema: null };
}
