import type { BusReader, BusRecord, Commit, ReadRun } from '../../bus/bus.js';
import { loadFunctions, loadOldFunctions, mapSteps, moduleName } from '../../processors/functions/load-functions.js';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import { threadWatch } from '../../processors/thread-watch.js';
import { longestWaitUs } from '../../processors/verbs/verbs.js';
import { pack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/packed-batch.js';
import type { Position } from '../../sinks/sink.js';
import { PackedValue } from '../bus-gateway-store.js';
import { appendFailed } from './failed-letters.js';
import { ForeignMessages } from './foreign-messages.js';
import { FreshRecords } from './fresh-records.js';
import { emptyReport, type Lane, type LaneReport, type ProcessorLaneSpec } from './lane.js';
import { madeAnew, openInput, topicIdentity } from './lane-input.js';
import {
  groupOf,
  type ProcessorGroup,
  ProcessorGroups,
  type ProcessorPosition,
  samePlans,
} from './processor-groups.js';
import type { ProcessorStore } from './processor-store.js';
import { Refused } from './refused.js';
import { Tagger } from './tagger.js';

/** Read at most so much in a step: bounds memory and the work that a crash repeats. */
const STEP_BYTES = 2 * 1024 * 1024;
/** How soon a step looks again whether branches have made room for outputs. */
const FULL_WAIT_MS = 200;
const SECOND_US = 1_000_000;
const LATE_COUNT_MS = 1_000;

/** How long a step waits for records on a bus that does not say when they come. */
const READ_WAIT_MS = 500;

/**
 * Processors of one group on one partition. A step is a checkpoint: the outputs, the operators' state and the input
 * position become durable together (see ProcessorStore), so a crash repeats work and never a result.
 */
export class ProcessorLane implements Lane {
  private readonly tagger: Tagger;
  private readonly group: ProcessorGroup;
  private readonly refused: Refused;
  private ingest!: BusReader;
  private store!: ProcessorStore;
  private groups!: ProcessorGroups;
  private graph!: PartitionGraph;
  /** Null where every record stands on the bus once. */
  private fresh: FreshRecords | null = null;
  private at: ProcessorPosition = { log: '', offset: 0, receivedUs: 0 };
  private late = 0;
  private skipped = 0;
  private lateCountedMs = Number.NEGATIVE_INFINITY;
  private readonly foreign = new ForeignMessages();
  private readonly notes: string[] = [];
  private readonly watchedAs: string;

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.tagger = new Tagger(spec.declared, ['#']);
    this.group = groupOf(spec.plans);
    this.watchedAs = describeGroup(this.group);
    this.refused = new Refused(spec.input, spec.partition);
  }

  async open(): Promise<LaneReport> {
    const { input, partition } = this.spec;
    const { bus, identity: ofBus } = await openInput(this.spec, input);
    this.ingest = bus;
    const identity = await topicIdentity(bus, ofBus, input);
    this.store = await openStore(this.spec, (message) => this.notes.push(message));
    this.groups = new ProcessorGroups(this.store);
    await this.takeOver(identity);
    const known = this.groups.position(this.group, identity);
    if (!known && this.groups.hasBegun(this.group)) this.notes.push(madeAnew(input, partition));
    this.at = known ?? { log: identity, offset: 0, receivedUs: 0 };
    const functions = await this.watched(this.group, () => loadFunctions(this.group.plans));
    const { onError } = this.spec;
    this.graph = new PartitionGraph(this.group.plans, this.groups.state(this.group), { functions, onError });
    this.fresh = this.freshOf(this.group);
    return { ...emptyReport(), positions: this.positions(), warnings: this.takeWarnings() };
  }

  async step(holds: readonly Position[]): Promise<LaneReport> {
    this.store.hold(holds);
    const report = emptyReport();
    const room = await this.store.makeRoom((commit) => this.groups.save(commit, this.group, this.at, []));
    if (!room) return { ...report, positions: this.positions(), wakeMs: FULL_WAIT_MS, unread: await this.behind() };
    const run = await this.ingest.read(this.spec.input, this.spec.partition, this.at.offset, STEP_BYTES);
    this.tellOf(run);
    report.dropped = run.dropped;
    if (run.records.length === 0) {
      this.at = { ...this.at, offset: run.next };
      if (this.ingest.wait) {
        await this.ingest.wait(READ_WAIT_MS);
        report.wakeMs = 0;
      }
      report.unread = await this.behind();
      if (this.spec.kafka) report.outputLag = report.unread;
      return { ...report, positions: this.positions(), warnings: this.takeWarnings() };
    }
    const input = this.inputs(run.records, this.graph, this.fresh);
    for (const record of input) report.rows += record.packed?.rows ?? 0;
    const outputs = this.runGraph(this.graph, input);
    const failed = this.graph.takeFailed();
    const next = { ...this.at, offset: run.next, receivedUs: run.records.at(-1)!.receivedUs };
    const commit = this.store.begin();
    this.append(commit, outputs, this.graph.epoch);
    appendFailed(commit, this.spec.partition, failed, this.graph.epoch);
    this.notes.push(...this.refused.append(commit));
    this.groups.save(commit, this.group, next, this.graph.snapshot(), this.fresh?.takeChanges());
    await commit.commit();
    this.at = next;
    report.records = run.records.length;
    report.readUs = next.receivedUs;
    report.lateRows = this.lateRows();
    report.deadLetters = failed.length;
    report.skippedRows = this.graph.skippedRows - this.skipped;
    this.skipped = this.graph.skippedRows;
    for (const { batch } of outputs) report.outputRows += batch.rows;
    report.wrote = [...new Set(outputs.map(({ processor }) => processor))];
    report.unread = await this.behind();
    report.more = report.unread > 0;
    if (this.spec.kafka) report.outputLag = report.unread;
    // Nobody wakes it: its next step waits for records itself.
    if (this.ingest.wait) report.wakeMs = 0;
    return { ...report, positions: this.positions(), warnings: this.takeWarnings() };
  }

  async finish(): Promise<LaneReport> {
    await this.store.handOver();
    return { ...emptyReport(), positions: this.positions() };
  }

  async close(): Promise<void> {
    await this.ingest?.close();
    await this.store?.close();
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
      const warn = (message: string) => void this.notes.push(message);
      const functions = await this.watched(group, () => loadOldFunctions(group.plans, warn));
      const { onError } = this.spec;
      const graph = new PartitionGraph(group.plans, this.groups.state(group), { functions, onError });
      const fresh = this.freshOf(group);
      let at = this.groups.position(group, log) ?? { log, offset: target, receivedUs: 0 };
      while (at.offset < target) at = await this.catchUp(group, graph, fresh, at, target);
      const waitUs = group.plans.reduce((sum, plan) => sum + longestWaitUs(plan), 0);
      const ticks: InputRecord[] = [];
      for (let us = 0; us <= waitUs + 2 * SECOND_US; us += SECOND_US) ticks.push(tick(at.offset, at.receivedUs + us));
      const commit = this.store.begin();
      this.append(commit, this.runGraph(graph, ticks), graph.epoch);
      appendFailed(commit, this.spec.partition, graph.takeFailed(), graph.epoch);
      const marks = [...this.groups.marks(group)];
      this.groups.end(commit, group, at);
      this.groups.saveMarks(commit, this.group, marks);
      await commit.commit();
      this.notes.push(
        `the plans of ${group.name} were changed: rows that waited in its joins were let go as they were`,
      );
    }
  }

  private async catchUp(
    group: ProcessorGroup,
    graph: PartitionGraph,
    fresh: FreshRecords | null,
    at: ProcessorPosition,
    target: number,
  ): Promise<ProcessorPosition> {
    const run = await this.ingest.read(this.spec.input, this.spec.partition, at.offset, STEP_BYTES);
    const records = run.records.filter((record) => record.offset < target);
    const outputs = this.runGraph(graph, this.inputs(records, graph, fresh));
    const next = {
      ...at,
      offset: Math.min(target, run.records.length === 0 ? target : run.next),
      receivedUs: records.at(-1)?.receivedUs ?? at.receivedUs,
    };
    const commit = this.store.begin();
    this.append(commit, outputs, graph.epoch);
    appendFailed(commit, this.spec.partition, graph.takeFailed(), graph.epoch);
    this.notes.push(...this.refused.append(commit));
    this.groups.save(commit, group, next, graph.snapshot(), fresh?.takeChanges());
    await commit.commit();
    return next;
  }

  /** Code of users may never return: somebody watches. */
  private runGraph(graph: PartitionGraph, input: readonly InputRecord[]): ProcessorOutput[] {
    return threadWatch.run(this.spec.id, this.watchedAs, () => graph.run(input));
  }

  private watched<T>(group: ProcessorGroup, load: () => Promise<T>): Promise<T> {
    return threadWatch.wait(this.spec.id, `loading ${describeGroup(group)}`, load);
  }

  private freshOf(group: ProcessorGroup): FreshRecords | null {
    return this.spec.kafka ? new FreshRecords(this.ingest, this.groups.marks(group)) : null;
  }

  private inputs(records: readonly BusRecord[], graph: PartitionGraph, fresh: FreshRecords | null): InputRecord[] {
    const input: InputRecord[] = [];
    for (const record of records) {
      // What was taken before must not move time again either.
      if (fresh && !fresh.isNew(record)) continue;
      input.push(this.input(record, graph, fresh));
    }
    return input;
  }

  private input(record: BusRecord, graph: PartitionGraph, fresh: FreshRecords | null): InputRecord {
    const { offset, key, stream, receivedUs, writer } = record;
    // A record nobody reads still moves time, as a tick does.
    if (record.kind === 'tick' || !graph.wants(stream)) return tick(offset, receivedUs, writer);
    const tags = this.tagger.tags(stream) ?? {};
    if (fresh) {
      try {
        return { offset, kind: 'data', key, stream, receivedUs, writer, tags, ...fresh.rows(record) };
      } catch (error) {
        this.refused.note(record, error);
        return tick(offset, receivedUs, writer);
      }
    }
    const packed = readPacked(record.value);
    const schema = this.ingest.schema(packed.schema) ?? null;
    return { offset, kind: 'data', key, stream, receivedUs, writer, tags, packed, schema };
  }

  private append(commit: Commit, outputs: readonly ProcessorOutput[], epoch: string): void {
    const { partition } = this.spec;
    for (const { processor, key, stream, tags, batch, receivedUs, lane, firstRow } of outputs) {
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
        tags: JSON.stringify(tags),
      };
      commit.append(processor, partition, meta, new PackedValue(pack(batch)));
    }
  }

  private async behind(): Promise<number> {
    const { ingest, at } = this;
    const { input, partition } = this.spec;
    return ingest.behind?.(input, partition, at.offset) ?? (await ingest.end(input, partition)) - at.offset;
  }

  private tellOf(run: ReadRun): void {
    const { input, partition } = this.spec;
    if (run.restarted)
      this.notes.push(`${input}/${partition} was deleted and made anew: it is read from its start, offset ${run.next}`);
    this.notes.push(...this.foreign.note(input, partition, run));
  }

  /** Counted over all entities, so only now and then. */
  private lateRows(): number {
    if (performance.now() - this.lateCountedMs >= LATE_COUNT_MS) {
      const { left, right, steps } = this.graph.lateRows;
      this.late = left + right + steps;
      this.lateCountedMs = performance.now();
    }
    return this.late;
  }

  private positions(): Position[] {
    return [{ topic: this.spec.input, partition: this.spec.partition, offset: this.at.offset }];
  }

  private takeWarnings(): string[] {
    return [...this.notes.splice(0), ...this.graph.warnings.splice(0)];
  }
}

/** The processors, with the modules that they run. */
function describeGroup({ plans }: ProcessorGroup): string {
  const names = plans.map(({ name }) => name).join(', ');
  const modules = [...new Set(mapSteps(plans).map(moduleName))];
  return `processors ${names}${modules.length > 0 ? ` (modules ${modules.join(', ')})` : ''}`;
}

async function openStore(spec: ProcessorLaneSpec, warn: (message: string) => void): Promise<ProcessorStore> {
  if (spec.kafka) {
    const { KafkaProcessorStore } = await import('./kafka-processor-store.js');
    return KafkaProcessorStore.shared(spec.kafka, spec.input, spec.partition, warn, spec.id);
  }
  const { LogProcessorStore } = await import('./log-processor-store.js');
  return LogProcessorStore.open(spec);
}

function tick(offset: number, receivedUs: number, writer = ''): InputRecord {
  return { offset, kind: 'tick', key: '', stream: '', receivedUs, writer, tags: {}, packed: null, schema: null };
}
