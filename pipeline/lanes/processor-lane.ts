import { join } from 'node:path';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import type { ProcessorOutput } from '../../processors/partition-graph.js';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import { pack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/packed-batch.js';
import type { Position } from '../../sinks/sink.js';
import { PackedValue } from '../bus-gateway-store.js';
import { emptyReport, type Lane, type LaneReport, type ProcessorLaneSpec } from './lane.js';
import { closeOutputLog, openOutputLog } from './output-logs.js';
import { Tagger } from './tagger.js';

/** Read at most so much in a step: bounds memory and the work that a crash repeats. */
const STEP_BYTES = 2 * 1024 * 1024;
const POSITIONS_TABLE = 'positions';

/**
 * Processors of one component on one partition. A step is a checkpoint: the outputs, the operators' state and the input
 * position become durable in one transaction of the partition's log, so a crash repeats work and never a result.
 */
export class ProcessorLane implements Lane {
  private readonly tagger: Tagger;
  private readonly outputDir: string;
  private ingest!: LogBus;
  private output!: LogBus;
  private graph!: PartitionGraph;
  private offset = 0;
  private sequence = 0;
  private retaining = false;

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.outputDir = join(spec.folders.processors, `partition-${spec.partition}`);
    this.tagger = new Tagger(spec.declared, ['#']);
  }

  async open(): Promise<LaneReport> {
    const { folders, partitions, plans, outputBytesMax, id } = this.spec;
    this.ingest = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
    this.output = openOutputLog({
      dir: this.outputDir,
      partitions,
      sizeBytes: outputBytesMax,
      whenFull: 'hold',
    });
    this.graph = new PartitionGraph(plans, this.output.facts(stateTable(id)));
    const position = this.output.fact(POSITIONS_TABLE, id);
    if (position) {
      this.offset = position.readDoubleLE(0);
      this.sequence = position.readDoubleLE(8);
    }
    return { ...emptyReport(), positions: this.positions(), warnings: this.takeWarnings() };
  }

  async step(holds: readonly Position[]): Promise<LaneReport> {
    for (const { topic, partition, offset } of holds) this.output.hold('branches', topic, partition, offset);
    if (!this.retaining) this.output.startRetention();
    this.retaining = true;
    const report = emptyReport();
    if (this.output.full) return { ...report, positions: this.positions(), wakeMs: 200 };
    const run = this.ingest.read(TELEMETRY_TOPIC, this.spec.partition, this.offset, STEP_BYTES);
    report.dropped = run.dropped;
    if (run.records.length === 0) return { ...report, positions: this.positions() };
    const input: InputRecord[] = run.records.map((record) => this.input(record));
    for (const record of input) report.rows += record.packed?.rows ?? 0;
    const outputs = this.graph.run(input);
    await this.checkpoint(outputs, run.next);
    report.records = run.records.length;
    for (const { batch } of outputs) report.outputRows += batch.rows;
    report.wrote = [...new Set(outputs.map(({ processor }) => processor))];
    report.more = this.ingest.end(TELEMETRY_TOPIC, this.spec.partition) > this.offset;
    return { ...report, positions: this.positions(), warnings: this.takeWarnings() };
  }

  async finish(): Promise<LaneReport> {
    return { ...emptyReport(), positions: this.positions() };
  }

  async close(): Promise<void> {
    await this.ingest?.close();
    if (this.output) await closeOutputLog(this.outputDir);
  }

  private input(record: ReturnType<LogBus['read']>['records'][number]): InputRecord {
    const { offset, key, stream, receivedUs } = record;
    if (record.kind === 'tick' || !this.graph.wants(stream)) {
      // A record nobody reads still moves time, as a tick does.
      return { offset, kind: 'tick', key: '', stream: '', receivedUs, tags: {}, packed: null, schema: null };
    }
    const packed = readPacked(record.value);
    const schema = this.ingest.schema(packed.schema) ?? null;
    const tags = this.tagger.tags(stream) ?? {};
    return { offset, kind: 'data', key, stream, receivedUs, tags, packed, schema };
  }

  private async checkpoint(outputs: readonly ProcessorOutput[], next: number): Promise<void> {
    const commit = this.output.begin();
    const { partition, id } = this.spec;
    for (const { processor, key, stream, tags, batch, receivedUs } of outputs) {
      commit.addSchema(batch.schema);
      const meta = {
        kind: 'data' as const,
        key,
        stream,
        receivedUs,
        writer: id,
        sequence: ++this.sequence,
        tags: JSON.stringify(tags),
      };
      commit.append(processor, partition, meta, new PackedValue(pack(batch)));
    }
    for (const [key, value] of this.graph.snapshot()) commit.setFact(stateTable(id), key, value);
    const position = Buffer.alloc(16);
    position.writeDoubleLE(next, 0);
    position.writeDoubleLE(this.sequence, 8);
    commit.setFact(POSITIONS_TABLE, id, position);
    await commit.commit();
    this.offset = next;
  }

  private positions(): Position[] {
    return [{ topic: TELEMETRY_TOPIC, partition: this.spec.partition, offset: this.offset }];
  }

  private takeWarnings(): string[] {
    return this.graph.warnings.splice(0);
  }
}

function stateTable(lane: string): string {
  return `state:${lane}`;
}
