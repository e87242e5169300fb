import type { Commit, RecordValue } from '../../bus/bus.js';
import type { ProcessorOutput } from '../../processors/partition-graph.js';
import { pack } from '../../schemas/data-block.js';
import { PackedValue } from '../bus-gateway-store.js';
import type { ProcessorLaneSpec } from './lane.js';
import { sourceTopic } from './output-folder.js';

/** How often time goes on behind a group step where no rows do. */
const TICK_US = 1_000_000;
const NOTHING: RecordValue = { bytesMax: 0, write: (_, at) => at };

/** Puts what the processors of a partition give into a commit: rows for their topics, and rows and time for group steps. */
export class OutputWriter {
  private tickedUs = 0;
  private readonly groups: string[];

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.groups = spec.plans.filter(({ groupBy }) => groupBy).map(({ name }) => name);
  }

  get hasGroups(): boolean {
    return this.groups.length > 0;
  }

  append(commit: Commit, outputs: readonly ProcessorOutput[], epoch: string): void {
    for (const { processor, key, stream, tags, batch, receivedUs, lane, firstRow, partition } of outputs) {
      commit.addSchema(batch.schema);
      const meta = {
        kind: 'data' as const,
        key,
        stream,
        receivedUs,
        // A lane's rows are numbered, however they are cut into records.
        writer: `${processor} ${epoch} ${lane}`,
        sequence: 0,
        parts: [{ sequence: 0, firstRow, rows: batch.rows }],
        tags: partition === null ? JSON.stringify(tags) : '',
      };
      const topic = partition === null ? processor : this.groupTopic(processor);
      commit.append(topic, partition ?? this.spec.partition, meta, new PackedValue(pack(batch)));
    }
  }

  /** Each partition keeps the time of the same partition behind a group step. */
  tick(commit: Commit, epoch: string, receivedUs: number): void {
    if (this.groups.length === 0 || receivedUs - this.tickedUs < TICK_US) return;
    this.tickedUs = receivedUs;
    const { input, partition } = this.spec;
    for (const name of this.groups) {
      const writer = `${name} ${epoch} ${input} ticks`;
      const meta = { kind: 'tick' as const, key: '', stream: '', receivedUs, writer, sequence: receivedUs, tags: '' };
      commit.append(this.groupTopic(name), partition, meta, NOTHING);
    }
  }

  private groupTopic(name: string): string {
    return this.spec.kafka ? name : sourceTopic(name, this.spec.partition);
  }
}
