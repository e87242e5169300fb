import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BusReader, type BusRecord, isTelemetry, TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { LogBus } from '../../bus/log/log-bus.js';
import { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { unpack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/read-packed.js';
import { Pace } from '../../sinks/delivery/pace.js';
import type { Position, Sink, SinkBatch } from '../../sinks/sink.js';
import { createSink } from '../create-sink.js';
import { LOG_FACT } from '../log-identity.js';
import { type BranchInput, behind, branchInput, openIfMade } from './branch-input.js';
import { BranchLetters } from './branch-letters.js';
import type { BranchProgress } from './branch-progress.js';
import { ForeignMessages } from './foreign-messages.js';
import { FreshRecords, type FreshRows } from './fresh-records.js';
import { type BranchLaneSpec, emptyReport, type Lane, type LaneReport } from './lane.js';
import { madeAnew, openInput, topicIdentity } from './lane-input.js';
import { outputFolder } from './output-folder.js';
import { recordTags, Tagger } from './tagger.js';

/** Read at most so much of a partition in a step. */
const STEP_BYTES = 1024 * 1024;
/** Positions alone, where nothing of what passed was for this branch, are kept now and then. */
const FLUSH_POSITIONS_MS = 5_000;
/** How long a step waits for records on a bus that does not say when they come. */
const READ_WAIT_MS = 500;
const NO_COLUMNS = new Schema([]);

/** Of the branches of this thread; a branch that has failed is opened as another lane. */
const paces = new Map<string, Pace>();

/** One branch: reads its inputs, feeds its sink, and keeps the sink's word on what is durable. */
export class BranchLane implements Lane {
  private sink: Sink | null = null;
  private readonly tagger: Tagger;
  private readonly letters: BranchLetters;
  private ingest: BusReader | null = null;
  private progress: BranchProgress | null = null;
  private readonly foreign = new ForeignMessages();
  private readonly notes: string[] = [];
  private readers: BranchInput[] = [];
  private known: readonly Position[] = [];
  private unflushedRecords = 0;
  private unflushedRows = 0;
  private unflushedSince = 0;
  /** When the sink wants a flush whatever is fed; `performance.now()`. */
  private sinkDueMs = Infinity;

  constructor(private readonly spec: BranchLaneSpec) {
    this.tagger = new Tagger(spec.declared, spec.patterns);
    this.letters = new BranchLetters(spec);
  }

  async open(rewind: readonly Position[] = []): Promise<LaneReport> {
    const { kafka, folders, inputs, owned, patterns, processors } = this.spec;
    let { bus, identity } = await openInput(this.spec, TELEMETRY_TOPIC);
    this.ingest = bus;
    if (kafka) {
      const { busIdentity } = await import('./kafka-lane.js');
      identity = await busIdentity(kafka);
    }
    this.sink = await createSink(this.spec.sink, {
      feeder: { bus: identity, partitions: owned },
      stateFolder: join(folders.branches, this.spec.name),
      letters: (rows) => this.letters.write(rows),
      patterns: [...this.spec.declared, ...patterns],
      partitions: this.spec.partitions,
      pace: paceOf(this.spec.id),
    });
    this.known = await this.sink.open();
    if (kafka) {
      const { BranchProgress } = await import('./branch-progress.js');
      this.progress = await BranchProgress.open(kafka, this.spec.name, owned, (note) => this.notes.push(note));
    }
    for (const topic of kafka ? [...(patterns.length > 0 ? inputs : []), ...processors] : []) {
      const at = await topicIdentity(bus, identity, topic);
      for (const partition of owned) this.readers.push(this.kafkaReader(topic, partition, bus, at));
    }
    for (const partition of kafka ? [] : owned) {
      if (patterns.length > 0) {
        const device = branchInput(TELEMETRY_TOPIC, partition, folders.ingest);
        this.readers.push(device);
        this.attach(device, bus as LogBus);
      }
      for (const processor of processors) {
        const folder = outputFolder(folders, partition, this.spec.levels[processor]!);
        this.readers.push(branchInput(processor, partition, folder));
      }
    }
    this.openOutputs();
    if (rewind.length > 0) await this.rewind(rewind);
    return { ...emptyReport(), positions: this.positions(), more: true, warnings: this.notes.splice(0) };
  }

  async step(): Promise<LaneReport> {
    const report = await this.read();
    const { rows, everyMs } = this.spec.sink.flush;
    const waited = performance.now() - this.unflushedSince;
    const dueMs = this.unflushedRows > 0 ? everyMs : FLUSH_POSITIONS_MS;
    const isDue = this.unflushedRecords > 0 && (waited >= dueMs || this.unflushedRows >= rows);
    if (isDue || performance.now() >= this.sinkDueMs) await this.flush(false);
    this.hear(report);
    report.wakeMs = this.unflushedRecords === 0 ? null : this.unflushedRows > 0 ? everyMs : FLUSH_POSITIONS_MS;
    if (Number.isFinite(this.sinkDueMs)) {
      report.wakeMs = Math.min(report.wakeMs ?? Infinity, Math.max(0, this.sinkDueMs - performance.now()));
    }
    if (this.ingest?.wait) {
      if (report.records === 0) await this.ingest.wait(READ_WAIT_MS);
      // Nobody wakes it: its next step waits for records itself.
      report.wakeMs = 0;
    }
    report.positions = this.positions();
    report.outputLag = await this.outputLag();
    report.readUs = Math.max(0, ...this.readers.map((from) => from.readUs));
    report.warnings = this.notes.splice(0);
    return report;
  }

  async finish(): Promise<LaneReport> {
    const report = await this.read();
    await this.flush(true);
    await this.progress?.save();
    this.hear(report);
    return { ...report, positions: this.positions() };
  }

  async close(): Promise<void> {
    try {
      await this.sink?.close();
    } finally {
      await this.letters.close();
      for (const bus of new Set([this.ingest, ...this.readers.map((each) => each.bus)])) await bus?.close();
      await this.progress?.close();
    }
  }

  private async rewind(to: readonly Position[]): Promise<void> {
    const { name, sink } = this.spec;
    if (!this.sink!.rewind)
      throw new PitwallError('bad-usage', `branch ${name}: a ${sink.type} sink cannot go back`, { stage: 'sink' });
    const moved = this.readers.flatMap((from) => {
      const at = to.find(({ topic, partition }) => topic === from.topic && partition === from.partition);
      return at && from.bus ? [{ from, offset: at.offset }] : [];
    });
    this.sink!.rewind(moved.map(({ from, offset }) => ({ topic: from.sinkTopic, partition: from.partition, offset })));
    for (const { from, offset } of moved) {
      from.offset = from.durable = from.fedFrom = offset;
      // What it took before is taken again.
      if (from.fresh) from.fresh = new FreshRecords(from.bus!);
      await this.progress?.rewind(from.topic, from.partition, offset);
    }
  }

  private async read(): Promise<LaneReport> {
    const report = emptyReport();
    this.openOutputs();
    for (const from of this.readers) {
      if (!from.bus) continue;
      const run = await from.bus.read(from.topic, from.partition, from.offset, STEP_BYTES);
      report.dropped += run.dropped;
      if (run.restarted) this.restart(from);
      this.notes.push(...this.foreign.note(from.topic, from.partition, run.foreign, run.next));
      if (run.records.length === 0) {
        from.offset = run.next;
        report.unread += await behind(from, from.offset);
        continue;
      }
      const batches: SinkBatch[] = [];
      for (const record of run.records) {
        const batch = this.sinkBatch(from, record);
        if (batch) batches.push(batch);
        report.rows += batch?.batch.rows ?? 0;
      }
      const last = run.records.at(-1)!;
      // The sink's position moves past what is not for it, too.
      if (batches.at(-1)?.offset !== last.offset) batches.push(this.empty(from, last));
      await this.sink!.write(batches);
      report.records += run.records.length;
      from.offset = run.next;
      from.readUs = last.receivedUs;
      const unread = await behind(from, from.offset);
      report.unread += unread;
      report.more ||= unread > 0;
    }
    if (report.records > 0 && this.unflushedRecords === 0) this.unflushedSince = performance.now();
    this.unflushedRecords += report.records;
    this.unflushedRows += report.rows;
    return report;
  }

  private async flush(force: boolean): Promise<void> {
    for (const position of await this.sink!.flush(force)) {
      const from = this.readers.find(
        (each) => each.sinkTopic === position.topic && each.partition === position.partition,
      );
      if (!from) continue;
      from.durable = Math.max(from.durable, position.offset);
      this.progress?.durable(from.topic, from.partition, from.durable);
    }
    await this.progress?.saveIfDue();
    this.unflushedRecords = 0;
    this.unflushedRows = 0;
  }

  /** What has come of rows that the sink sends on its own. */
  private hear(report: LaneReport): void {
    const news = this.sink!.news?.();
    this.sinkDueMs = news?.flushDueMs == null ? Infinity : performance.now() + news.flushDueMs;
    if (!news) return;
    this.notes.push(...news.warnings);
    report.taken = news.taken ?? null;
    report.skippedRows += news.skippedRows;
    report.deadLetters += news.deadLetters;
  }

  private sinkBatch(from: BranchInput, record: BusRecord): SinkBatch | null {
    if (from.fresh) {
      const isNew = from.fresh.isNew(record);
      this.progress?.took(from.topic, from.partition, record.offset, from.fresh.takeChanges());
      if (!isNew || record.offset < from.fedFrom) return null;
    }
    // Formats that close files by time take it from here.
    if (record.kind === 'tick') return this.empty(from, record);
    const device = isTelemetry(from.topic);
    const tags = device ? this.tagger.tags(record.stream) : recordTags(record);
    if (tags === null) return null;
    const rows = from.fresh ? this.freshRows(from, record) : this.rows(from, record);
    if (rows === null) return null;
    return {
      batch: unpack([rows.packed], record.stream, rows.schema),
      topic: from.sinkTopic,
      partition: from.partition,
      offset: record.offset,
      key: record.key,
      tags,
      receivedUs: record.receivedUs,
    };
  }

  private rows(from: BranchInput, record: BusRecord): FreshRows {
    const packed = readPacked(record.value);
    const schema = from.bus!.schema(packed.schema);
    if (!schema)
      throw new Error(`schema ${packed.schema} of ${from.topic}/${from.partition}/${record.offset} is not registered`);
    return { packed, schema };
  }

  /** A record that cannot be read is nothing that trying again would mend: the processors put it into the dead letters. */
  private freshRows(from: BranchInput, record: BusRecord): FreshRows | null {
    try {
      return from.fresh!.rows(record);
    } catch (error) {
      if (!(error instanceof PitwallError) || error.retryable) throw error;
      this.notes.push(
        `${from.topic}/${from.partition}/${record.offset} cannot be read and is skipped: ${error.message}`,
      );
      return null;
    }
  }

  /** A processor's log comes into being with its first run: look again until it is there. */
  private openOutputs(): void {
    for (const from of this.readers) {
      if (from.bus || !existsSync(from.folder)) continue;
      const same = this.readers.find((each) => each.bus && each.folder === from.folder)?.bus as LogBus | undefined;
      const bus = same ?? openIfMade(from.folder, this.spec.partitions);
      if (bus && !this.attach(from, bus)) void bus.close();
    }
  }

  /** False while the log has no identity yet: its writer is only just making it. */
  private attach(from: BranchInput, bus: LogBus): boolean {
    const log = bus.fact(...LOG_FACT)?.toString();
    if (log === undefined) return false;
    from.bus = bus;
    from.sinkTopic = `${from.topic}@${log}`;
    const at = this.known.find(({ topic, partition }) => topic === from.sinkTopic && partition === from.partition);
    from.offset = from.durable = at?.offset ?? 0;
    return true;
  }

  /**
   * The store is fed from where the branch was, here or elsewhere. Its own store is behind that where another machine had
   * the partition meanwhile and has the rows between, and ahead where the changelog lags: then they are read once more,
   * for what they say of repetitions.
   */
  private kafkaReader(topic: string, partition: number, bus: BusReader, identity: string): BranchInput {
    const from = branchInput(topic, partition, '');
    from.bus = bus;
    from.sinkTopic = `${topic}@${identity}`;
    const saved = this.progress!.restored(topic, partition, identity);
    const at = this.known.find((known) => known.topic === from.sinkTopic && known.partition === partition);
    from.fedFrom = from.durable = Math.max(at?.offset ?? 0, saved.offset);
    from.offset = saved.offset;
    from.fresh = new FreshRecords(bus, saved.marks);
    return from;
  }

  private restart(from: BranchInput): void {
    this.notes.push(madeAnew(from.topic, from.partition));
    from.fedFrom = 0;
    from.durable = 0;
  }

  /** Moves position and time without rows. */
  private empty({ sinkTopic, partition }: BranchInput, { offset, stream, receivedUs }: BusRecord): SinkBatch {
    const batch = { stream, schema: NO_COLUMNS, rows: 0, timeUs: new Float64Array(0), columns: [] };
    return { batch, topic: sinkTopic, partition, offset, key: '', tags: {}, receivedUs };
  }

  private async outputLag(): Promise<number> {
    let lag = 0;
    for (const from of this.readers) {
      if (this.spec.kafka || from.topic !== TELEMETRY_TOPIC) lag += await behind(from, from.durable);
    }
    return lag;
  }

  private positions(): Position[] {
    return this.readers.map(({ topic, partition, durable }) => ({ topic, partition, offset: durable }));
  }
}

function paceOf(branch: string): Pace {
  const pace = paces.get(branch) ?? new Pace();
  paces.set(branch, pace);
  return pace;
}
