import { suggest } from '../../core/suggest.js';
import { IDLE_ENTITIES_MAX } from '../../processors/entities.js';
import { loadFunctions, loadOldFunctions, mapSteps, moduleName } from '../../processors/functions/load-functions.js';
import { entityKeys } from '../../processors/graph-snapshot.js';
import { receiveSlices } from '../../processors/grouping/receive-slices.js';
import { processorOf } from '../../processors/grouping/split-groups.js';
import { EntityInspector } from '../../processors/inspect-entity.js';
import { loadModule } from '../../processors/modules/load-module.js';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import { threadWatch } from '../../processors/thread-watch.js';
import { longestWaitUs } from '../../processors/verbs/verbs.js';
import type { Position } from '../../sinks/sink.js';
import { appendFailed } from './failed-letters.js';
import { ForeignMessages } from './foreign-messages.js';
import { FreshRecords } from './fresh-records.js';
import { GraphInput, tick } from './graph-input.js';
import {
  emptyReport,
  type Lane,
  type LaneReport,
  type ProcessorLaneSpec,
  STATE_BYTES_MAX,
  type StateAnswer,
  type StateQuery,
} from './lane.js';
import { madeAnew, openInput, topicIdentity } from './lane-input.js';
import { type LaneSource, type SourceRun, TopicSource } from './lane-source.js';
import { OutputWriter } from './output-writer.js';
import {
  groupOf,
  type ProcessorGroup,
  ProcessorGroups,
  type ProcessorPosition,
  samePlans,
} from './processor-groups.js';
import type { ProcessorStore } from './processor-store.js';
import { Refused } from './refused.js';

/** Read at most so much in a step: bounds memory and the work that a crash repeats. */
const STEP_BYTES = 2 * 1024 * 1024;
/** How soon a step looks again whether branches have made room for outputs. */
const FULL_WAIT_MS = 200;
const SECOND_US = 1_000_000;
const LATE_COUNT_MS = 1_000;
/** Where commits come all the time an answer is of two of them at worst. */
const INSPECTIONS_MAX = 3;
/** While functions wait the thread says that it is not stuck. */
const ALIVE_MS = 1_000;

/** How long a step waits for records on a bus that does not say when they come. */
const READ_WAIT_MS = 500;

/**
 * Processors of one group on one partition. A step is a checkpoint: the outputs, the operators' state and the input
 * position become durable together (see ProcessorStore), so a crash repeats work and never a result.
 */
export class ProcessorLane implements Lane {
  private readonly group: ProcessorGroup;
  private readonly refused: Refused;
  private readonly writer: OutputWriter;
  private source!: LaneSource;
  private input!: GraphInput;
  private store!: ProcessorStore;
  private groups!: ProcessorGroups;
  private graph!: PartitionGraph;
  private inspector: EntityInspector | null = null;
  /** Null where every record stands on the bus once. */
  private fresh: FreshRecords | null = null;
  private at: ProcessorPosition = { log: '', offset: 0, receivedUs: 0 };
  private late = { lateRows: 0, correctedRows: 0 };
  private skipped = 0;
  private lateCountedMs = Number.NEGATIVE_INFINITY;
  private readonly foreign = new ForeignMessages();
  private readonly notes: string[] = [];
  private readonly watchedAs: string;

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.group = groupOf(spec.plans);
    this.watchedAs = describeGroup(this.group);
    this.refused = new Refused(spec.input, spec.partition);
    this.writer = new OutputWriter(spec);
  }

  async open(): Promise<LaneReport> {
    const { id, input, partition, partitions, declared, modules, plans } = this.spec;
    for (const module of modules) await threadWatch.wait(id, `loading ${module}`, () => loadModule(module));
    this.source = await openSource(this.spec);
    const { grouped } = plans.find((plan) => plan.grouped) ?? {};
    this.input = new GraphInput(this.source, declared, (record, error) => this.refused.note(record, error), grouped);
    this.store = await openStore(this.spec, (message) => this.notes.push(message));
    this.groups = new ProcessorGroups(this.store);
    await this.takeOver();
    const { identity } = this.source;
    const known = this.groups.position(this.group, identity);
    if (!known && this.groups.hasBegun(this.group)) this.notes.push(madeAnew(input, partition));
    this.at = known ?? { log: identity, offset: 0, receivedUs: 0 };
    const functions = await this.watched(this.group, () => loadFunctions(this.group.plans));
    this.graph = new PartitionGraph(this.group.plans, this.groups.state(this.group), {
      functions,
      onError: this.spec.onError,
      partitions,
      idleEntitiesMax: IDLE_ENTITIES_MAX,
    });
    this.fresh = this.freshOf(this.group);
    return { ...emptyReport(), positions: this.source.positions(this.at), warnings: this.takeWarnings() };
  }

  async step(holds: readonly Position[]): Promise<LaneReport> {
    this.store.hold(holds);
    const report = emptyReport();
    const room = await this.store.makeRoom((commit) => this.groups.save(commit, this.group, this.at, []));
    if (!room)
      return {
        ...report,
        positions: this.source.positions(this.at),
        wakeMs: FULL_WAIT_MS,
        unread: await this.source.behind(this.at),
      };
    const run = await this.source.read(this.at, STEP_BYTES);
    this.tellOf(run);
    report.dropped = run.dropped;
    if (run.records.length === 0) {
      this.at = run.next;
      if (this.source.wait) {
        await this.source.wait(READ_WAIT_MS);
        report.wakeMs = 0;
      }
      report.unread = await this.source.behind(this.at);
      if (this.spec.kafka) report.outputLag = report.unread;
      return { ...report, positions: this.source.positions(this.at), warnings: this.takeWarnings() };
    }
    const input = this.input.of(run.records, this.graph, this.fresh, this.at.receivedUs);
    for (const record of input) report.rows += (record.batch ?? record.packed)?.rows ?? 0;
    const outputs = await this.runGraph(this.graph, input);
    const failed = this.graph.takeFailed();
    const { next } = run;
    const commit = this.store.begin();
    this.writer.append(commit, outputs, this.graph.epoch);
    this.writer.tick(commit, this.graph.epoch, next.receivedUs);
    appendFailed(commit, this.spec.partition, failed, this.graph.epoch);
    this.notes.push(...this.refused.append(commit));
    this.groups.save(commit, this.group, next, this.graph.snapshot(), this.fresh?.takeChanges());
    await commit.commit();
    this.at = next;
    report.records = run.records.length;
    report.readUs = next.receivedUs;
    Object.assign(report, this.countLate());
    report.deadLetters = failed.length;
    report.skippedRows = this.graph.skippedRows - this.skipped;
    this.skipped = this.graph.skippedRows;
    for (const { batch } of outputs) report.outputRows += batch.rows;
    report.wrote = [...new Set(outputs.map(({ processor }) => processor))];
    report.unread = await this.source.behind(this.at);
    report.more = report.unread > 0;
    if (this.spec.kafka) report.outputLag = report.unread;
    // Nobody wakes it: its next step waits for records itself.
    if (this.source.wait) report.wakeMs = 0;
    return { ...report, positions: this.source.positions(this.at), warnings: this.takeWarnings() };
  }

  async finish(): Promise<LaneReport> {
    await this.store.handOver();
    return { ...emptyReport(), positions: this.source.positions(this.at) };
  }

  /** From what is durable, which is what the graph had after its last step; a lane that has stopped keeps its checkpoint. */
  inspect({ processor, key }: StateQuery): StateAnswer {
    const facts = this.groups.state(this.group);
    this.inspector ??= new EntityInspector(this.group.plans, this.graph.compiled);
    // Of a processor with group steps one of its parts runs here.
    const part = this.group.plans.find(({ name }) => processorOf(name) === processor)!.name;
    const late = (step: number, laneId: string) => this.graph.lateRowsOf(key, part, step, laneId);
    const position = () => this.groups.position(this.group, this.at.log) ?? this.at;
    let at = position();
    let view = this.inspector.view(part, key, facts, late);
    // A commit that became durable between two of the reads has moved the position, too.
    for (let n = 0; n < INSPECTIONS_MAX && position().offset !== at.offset; n++) {
      at = position();
      view = this.inspector.view(part, key, facts, late);
    }
    if (view === null) return { json: null, bytes: 0, near: suggest(key, entityKeys(facts)) };
    const { input, partition } = this.spec;
    const checkpoint = { topic: input, offset: at.offset, receivedUs: at.receivedUs };
    const json = JSON.stringify({ processor, key, partition, checkpoint, ...view }, null, 2);
    const bytes = Buffer.byteLength(json);
    return { json: bytes > STATE_BYTES_MAX ? null : json, bytes, near: null };
  }

  async close(): Promise<void> {
    await this.source?.close();
    await this.store?.close();
  }

  /**
   * The configuration has changed: groups that ran before, and have processors in common with this one but other plans,
   * are ended by their own plans. Those behind catch up with the furthest, and what waits in their joins is let go as if
   * their entities had fallen silent. So nothing is written twice and nothing that was read is lost.
   */
  private async takeOver(): Promise<void> {
    const old = this.groups.overlapping(this.group);
    if (old.length === 0 || (old.length === 1 && samePlans(old[0]!, this.group))) return;
    const { source } = this;
    const first = { log: source.identity, offset: 0, receivedUs: 0 };
    const target = source.furthest(
      [...old, this.group].map((group) => this.groups.position(group, source.identity) ?? first),
    );
    for (const group of old) {
      const { partitions, onError } = this.spec;
      const warn = (message: string) => void this.notes.push(message);
      const functions = await this.watched(group, () => loadOldFunctions(group.plans, warn));
      const graph = new PartitionGraph(group.plans, this.groups.state(group), { functions, onError, partitions });
      const fresh = this.freshOf(group);
      let at = this.groups.position(group, source.identity) ?? { ...target, receivedUs: 0 };
      while (at.offset < target.offset) at = await this.catchUp(group, graph, fresh, at, target);
      const waitUs = group.plans.reduce((sum, plan) => sum + longestWaitUs(plan), 0);
      const ticks: InputRecord[] = [];
      for (let us = 0; us <= waitUs + 2 * SECOND_US; us += SECOND_US) ticks.push(tick(at.offset, at.receivedUs + us));
      const last = await this.runGraph(graph, ticks);
      const commit = this.store.begin();
      this.writer.append(commit, last, graph.epoch);
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
    target: ProcessorPosition,
  ): Promise<ProcessorPosition> {
    const { records, next } = await this.source.read(at, STEP_BYTES, target);
    const outputs = await this.runGraph(graph, this.input.of(records, graph, fresh, at.receivedUs));
    const commit = this.store.begin();
    this.writer.append(commit, outputs, graph.epoch);
    appendFailed(commit, this.spec.partition, graph.takeFailed(), graph.epoch);
    this.notes.push(...this.refused.append(commit));
    this.groups.save(commit, group, next, graph.snapshot(), fresh?.takeChanges());
    await commit.commit();
    return next;
  }

  /** Code of users may never return: somebody watches. What it waits for has a limit of its own. */
  private async runGraph(graph: PartitionGraph, input: readonly InputRecord[]): Promise<ProcessorOutput[]> {
    const { id } = this.spec;
    const slices = this.writer.hasGroups ? [...receiveSlices(input)] : [input];
    if (!graph.asks) return threadWatch.run(id, this.watchedAs, () => slices.flatMap((slice) => graph.run(slice)));
    const alive = setInterval(() => threadWatch.goesOn(), ALIVE_MS);
    const outputs: ProcessorOutput[] = [];
    try {
      await threadWatch.wait(id, this.watchedAs, async () => {
        for (const slice of slices) outputs.push(...(await graph.runAsking(slice)));
      });
    } finally {
      clearInterval(alive);
    }
    return outputs;
  }

  private watched<T>(group: ProcessorGroup, load: () => Promise<T>): Promise<T> {
    return threadWatch.wait(this.spec.id, `loading ${describeGroup(group)}`, load);
  }

  private freshOf(group: ProcessorGroup): FreshRecords | null {
    return this.spec.kafka ? new FreshRecords(this.source, this.groups.marks(group)) : null;
  }

  private tellOf(run: SourceRun): void {
    const { input, partition } = this.spec;
    if (run.restarted)
      this.notes.push(
        `${input}/${partition} was deleted and made anew: it is read from its start, offset ${run.next.offset}`,
      );
    this.notes.push(...this.foreign.note(input, partition, run.foreign, run.next.offset));
  }

  /** Counted over all entities, so only now and then. */
  private countLate(): { lateRows: number; correctedRows: number } {
    if (performance.now() - this.lateCountedMs >= LATE_COUNT_MS) {
      const { left, right, steps } = this.graph.lateRows;
      this.late = { lateRows: left + right + steps, correctedRows: this.graph.correctedRows };
      this.lateCountedMs = performance.now();
    }
    return this.late;
  }

  private takeWarnings(): string[] {
    return [...this.notes.splice(0), ...this.graph.warnings.splice(0)];
  }
}

async function openSource(spec: ProcessorLaneSpec): Promise<LaneSource> {
  const { input, partition, level, kafka } = spec;
  if (level > 0 && !kafka) {
    const { GroupSource } = await import('./group-source.js');
    return new GroupSource(spec);
  }
  const { bus, identity } = await openInput(spec, input);
  return new TopicSource(bus, await topicIdentity(bus, identity, input), input, partition);
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
