import type { BusReader, BusRecord } from '../../bus/bus.js';
import type { InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import { readPacked } from '../../schemas/packed-batch.js';
import type { FreshRecords } from './fresh-records.js';
import { Tagger } from './tagger.js';

/** Makes of the records of the bus what a graph of processors takes. */
export class GraphInput {
  private readonly tagger: Tagger;

  /** `declared`: patterns of declared streams. `refuse` hears of records that cannot be read, or throws their fault on. */
  constructor(
    private readonly bus: BusReader,
    declared: readonly string[],
    private readonly refuse: (record: BusRecord, error: unknown) => void,
  ) {
    this.tagger = new Tagger(declared, ['#']);
  }

  /** `fresh` takes each record once; null where every record stands on the bus once. */
  of(records: readonly BusRecord[], graph: PartitionGraph, fresh: FreshRecords | null): InputRecord[] {
    const input: InputRecord[] = [];
    for (const record of records) {
      // What was taken before must not move time again either.
      if (fresh && !fresh.isNew(record)) continue;
      input.push(this.one(record, graph, fresh));
    }
    return input;
  }

  private one(record: BusRecord, graph: PartitionGraph, fresh: FreshRecords | null): InputRecord {
    const { offset, key, stream, receivedUs, writer } = record;
    // A record nobody reads still moves time, as a tick does.
    if (record.kind === 'tick' || !graph.wants(stream)) return tick(offset, receivedUs, writer);
    const tags = this.tagger.tags(stream) ?? {};
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
