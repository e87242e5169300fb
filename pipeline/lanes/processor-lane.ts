import { join } from 'node:path';
import { type BusRecord, type Commit, TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import { pack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/packed-batch.js';
import type { Position } from '../../sinks/sink.js';
import { PackedValue } from '../bus-gateway-store.js';
import { LOG_FACT, logIdentity } from '../log-identity.js';
import { emptyReport, type Lane, type LaneReport, type ProcessorLaneSpec } from './lane.js';
import { closeOutputLog, openOutputLog } from './output-logs.js';
import {
  groupOf,
  type ProcessorGroup,
  ProcessorGroups,
  type ProcessorPosition,
  samePlans,
} from './processor-groups.js';
import { Tagger } from './tagger.js';

/** Read at most so much in a step: bounds memory and the work that a crash repeats. */
const STEP_BYTES = 2 * 1024 * 1024;
/** How soon a step looks again whether branches have made room for outputs. */
const FULL_WAIT_MS = 200;
const SECOND_US = 1_000_000;
const LATE_COUNT_MS = 1_000;

/**
 * Processors of one group on one partition. A step is a checkpoint: the outputs, the operators' state and the input
 * position become durable in one transaction of the partition's log, so a crash repeats work and never a result.
 */
export class ProcessorLane implements Lane {
  private readonly tagger: Tagger;
  private readonly outputDir: string;
  private readonly group: ProcessorGroup;
  private ingest!: LogBus;
  private output!: LogBus;
  private groups!: ProcessorGroups;
  private graph!: PartitionGraph;
  private at: ProcessorPosition = { log: '', offset: 0, receivedUs: 0 };
  private retaining = false;
  private late = 0;
  private lateCountedMs = Number.NEGATIVE_INFINITY;
  private readonly notes: string[] = [];

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.outputDir = join(spec.folders.processors, `partition-${spec.partition}`);
    this.tagger = new Tagger(spec.declared, ['#']);
    this.group = groupOf(spec.plans);
  }

  async open(): Promise<LaneReport> {
    const { folders, partitions, outputBytesMax } = this.spec;
    this.ingest = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
    this.output = openOutputLog({
      dir: this.outputDir,
      partitions,
      // Below what a step takes for full, so that a full log has something to drop.
      sizeBytes: outputBytesMax === null ? null : outputBytesMax - 1,
      whenFull: 'hold',
    });
    await logIdentity(this.output);
    this.groups = new ProcessorGroups(this.output);
    const log = this.ingest.fact(...LOG_FACT)?.toString() ?? '';
    await this.takeOver(log);
    this.at = this.groups.position(this.group, log) ?? { log, offset: 0, receivedUs: 0 };
    this.graph = new PartitionGraph(this.group.plans, this.groups.state(this.group));
    return { ...emptyReport(), positions: this.positions(), warnings: this.takeWarnings() };
  }

  async step(holds: readonly Position[]): Promise<LaneReport> {
    for (const { topic, partition, offset } of holds) this.output.hold('branches', topic, partition, offset);
    if (!this.retaining) this.output.startRetention();
    this.retaining = true;
    const report = emptyReport();
    if (!(await this.makeRoom())) return { ...report, positions: this.positions(), wakeMs: FULL_WAIT_MS };
    const run = this.ingest.read(TELEMETRY_TOPIC, this.spec.partition, this.at.offset, STEP_BYTES);
    report.dropped = run.dropped;
    if (run.records.length === 0) {
      this.at = { ...this.at, offset: run.next };
      return { ...report, positions: this.positions() };
    }
    const input = run.records.map((record) => this.input(record, this.graph));
    for (const record of input) report.rows += record.packed?.rows ?? 0;
    const outputs = this.graph.run(input);
    const next = { ...this.at, offset: run.next, receivedUs: run.records.at(-1)!.receivedUs };
    const commit = this.output.begin();
    this.append(commit, outputs);
    this.groups.save(commit, this.group, next, this.graph.snapshot());
    await commit.commit();
    this.at = next;
    report.records = run.records.length;
    report.lateRows = this.lateRows();
    for (const { batch } of outputs) report.outputRows += batch.rows;
    report.wrote = [...new Set(outputs.map(({ processor }) => processor))];
    report.more = this.ingest.end(TELEMETRY_TOPIC, this.spec.partition) > this.at.offset;
    return { ...report, positions: this.positions(), warnings: this.takeWarnings() };
  }

  async finish(): Promise<LaneReport> {
    return { ...emptyReport(), positions: this.positions() };
  }

  async close(): Promise<void> {
    await this.ingest?.close();
    if (this.output) await closeOutputLog(this.outputDir);
  }

  /**
   * The configuration has changed: groups that ran before, and have processors in common with this one but other plans,
   * are ended by their own plans. Those behind catch up with the furthest, and what waits in their joins is let go as if
   * their entities had fallen silent. So nothing is written twice and nothing that was read is lost.
   */
  private async takeOver(log: string): Promise<void> {
    const old = this.groups.overlapping(this.group);
    if (old.length === 0 || (old.length === 1 && samePlans(old[0]!, this.group))) return;
    const places = [...old, this.group].map((group) => this.groups.position(group, log)?.offset ?? 0);
    const target = Math.max(...places);
    for (const group of old) {
      const graph = new PartitionGraph(group.plans, this.groups.state(group));
      let at = this.groups.position(group, log) ?? { log, offset: target, receivedUs: 0 };
      while (at.offset < target) at = await this.catchUp(group, graph, at, target);
      const waitUs = group.plans
        .flatMap(({ steps }) => steps)
        .reduce((sum, step) => sum + (step.verb === 'join' ? step.waitUs : 0), 0);
      const ticks: InputRecord[] = [];
      for (let us = 0; us <= waitUs + 2 * SECOND_US; us += SECOND_US) ticks.push(tick(at.offset, at.receivedUs + us));
      const commit = this.output.begin();
      this.append(commit, graph.run(ticks));
      this.groups.end(commit, group, at);
      await commit.commit();
      this.notes.push(
        `the plans of ${group.name} were changed: rows that waited in its joins were let go as they were`,
      );
    }
  }

  private async catchUp(
    group: ProcessorGroup,
    graph: PartitionGraph,
    at: ProcessorPosition,
    target: number,
  ): Promise<ProcessorPosition> {
    const run = this.ingest.read(TELEMETRY_TOPIC, this.spec.partition, at.offset, STEP_BYTES);
    const records = run.records.filter((record) => record.offset < target);
    const outputs = graph.run(records.map((record) => this.input(record, graph)));
    const next = {
      ...at,
      offset: Math.min(target, run.records.length === 0 ? target : run.next),
      receivedUs: records.at(-1)?.receivedUs ?? at.receivedUs,
    };
    const commit = this.output.begin();
    this.append(commit, outputs);
    this.groups.save(commit, group, next, graph.snapshot());
    await commit.commit();
    return next;
  }

  /**
   * A commit to a full log would wait for holds to move, which only a step brings: so a step that finds it full drops
   * what can go, with a commit of facts alone, which never waits, and runs the graph only when that has made room.
   */
  private async makeRoom(): Promise<boolean> {
    const bytesMax = this.spec.outputBytesMax ?? Number.POSITIVE_INFINITY;
    for (let before = Number.POSITIVE_INFINITY; this.output.storedBytes >= bytesMax; ) {
      if (this.output.storedBytes === before) return false;
      before = this.output.storedBytes;
      const commit = this.output.begin();
      this.groups.save(commit, this.group, this.at, []);
      await commit.commit();
    }
    return true;
  }

  private input(record: BusRecord, graph: PartitionGraph): InputRecord {
    const { offset, key, stream, receivedUs } = record;
    // A record nobody reads still moves time, as a tick does.
    if (record.kind === 'tick' || !graph.wants(stream)) return tick(offset, receivedUs);
    const packed = readPacked(record.value);
    const schema = this.ingest.schema(packed.schema) ?? null;
    const tags = this.tagger.tags(stream) ?? {};
    return { offset, kind: 'data', key, stream, receivedUs, tags, packed, schema };
  }

  private append(commit: Commit, outputs: readonly ProcessorOutput[]): void {
    const { partition } = this.spec;
    const sequences = new Map<string, number>();
    for (const { processor, key, stream, tags, batch, receivedUs } of outputs) {
      const sequence = (sequences.get(processor) ?? this.output.end(processor, partition)) + 1;
      sequences.set(processor, sequence);
      commit.addSchema(batch.schema);
      const meta = {
        kind: 'data' as const,
        key,
        stream,
        receivedUs,
        writer: processor,
        sequence,
        tags: JSON.stringify(tags),
      };
      commit.append(processor, partition, meta, new PackedValue(pack(batch)));
    }
  }

  /** Counted over all entities, so only now and then. */
  private lateRows(): number {
    if (performance.now() - this.lateCountedMs >= LATE_COUNT_MS) {
      const { left, right } = this.graph.lateRows;
      this.late = left + right;
      this.lateCountedMs = performance.now();
    }
    return this.late;
  }

  private positions(): Position[] {
    return [{ topic: TELEMETRY_TOPIC, partition: this.spec.partition, offset: this.at.offset }];
  }

  private takeWarnings(): string[] {
    return [...this.notes.splice(0), ...this.graph.warnings.splice(0)];
  }
}

function tick(offset: number, receivedUs: number): InputRecord {
  return { offset, kind: 'tick', key: '', stream: '', receivedUs, tags: {}, packed: null, schema: null };
}
