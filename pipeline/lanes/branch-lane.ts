import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BusRecord, TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { unpack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/packed-batch.js';
import type { Position, Sink, SinkBatch } from '../../sinks/sink.js';
import { createSink } from '../create-sink.js';
import { LOG_FACT } from '../log-identity.js';
import { type BranchLaneSpec, emptyReport, type Lane, type LaneReport } from './lane.js';
import { Tagger } from './tagger.js';

/** Read at most so much of a partition in a step. */
const STEP_BYTES = 1024 * 1024;
/** Rows that were written are made durable after this time, or when there are so many. */
const FLUSH_MS = 250;
const FLUSH_ROWS = 1_000_000;
/** Positions alone, where nothing of what passed was for this branch, are kept now and then. */
const FLUSH_POSITIONS_MS = 5_000;
const NO_COLUMNS = new Schema([]);

/** A partition of a topic that the branch reads. */
interface Reader {
  topic: string;
  partition: number;
  bus: LogBus | null;
  folder: string;
  /** Topic and identity of its log, for the sink: positions in a log that was deleted must not count in a new one. */
  sinkTopic: string;
  /** The next offset to read. */
  offset: number;
  /** Offset from which the store would have to be fed again. */
  durable: number;
}

/** One branch: reads its inputs, feeds its sink, and keeps the sink's word on what is durable. */
export class BranchLane implements Lane {
  private readonly sink: Sink;
  private readonly tagger: Tagger;
  private ingest: LogBus | null = null;
  private readers: Reader[] = [];
  private known: readonly Position[] = [];
  private unflushedRecords = 0;
  private unflushedRows = 0;
  private unflushedSince = 0;

  constructor(private readonly spec: BranchLaneSpec) {
    this.sink = createSink(spec.name, spec.sink);
    this.tagger = new Tagger(spec.declared, spec.patterns);
  }

  async open(): Promise<LaneReport> {
    const { folders, partitions, patterns, processors } = this.spec;
    const ingest = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
    this.ingest = ingest;
    this.known = await this.sink.open();
    for (let partition = 0; partition < partitions; partition++) {
      if (patterns.length > 0) {
        const device = reader(TELEMETRY_TOPIC, partition, folders.ingest);
        this.readers.push(device);
        this.attach(device, ingest);
      }
      const folder = join(folders.processors, `partition-${partition}`);
      for (const processor of processors) this.readers.push(reader(processor, partition, folder));
    }
    this.openOutputs();
    return { ...emptyReport(), positions: this.positions(), more: true };
  }

  async step(): Promise<LaneReport> {
    const report = await this.read();
    const waited = performance.now() - this.unflushedSince;
    const dueMs = this.unflushedRows > 0 ? FLUSH_MS : FLUSH_POSITIONS_MS;
    if (this.unflushedRecords > 0 && (waited >= dueMs || this.unflushedRows >= FLUSH_ROWS)) await this.flush(false);
    report.wakeMs = this.unflushedRecords === 0 ? null : this.unflushedRows > 0 ? FLUSH_MS : FLUSH_POSITIONS_MS;
    report.positions = this.positions();
    report.outputLag = this.outputLag();
    return report;
  }

  async finish(): Promise<LaneReport> {
    const report = await this.read();
    await this.flush(true);
    return { ...report, positions: this.positions() };
  }

  async close(): Promise<void> {
    try {
      await this.sink.close();
    } finally {
      for (const bus of new Set([this.ingest, ...this.readers.map((each) => each.bus)])) await bus?.close();
    }
  }

  private async read(): Promise<LaneReport> {
    const report = emptyReport();
    this.openOutputs();
    for (const from of this.readers) {
      if (!from.bus) continue;
      const run = from.bus.read(from.topic, from.partition, from.offset, STEP_BYTES);
      report.dropped += run.dropped;
      if (run.records.length === 0) {
        from.offset = run.next;
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
      await this.sink.write(batches);
      report.records += run.records.length;
      from.offset = run.next;
      if (from.bus.end(from.topic, from.partition) > from.offset) report.more = true;
    }
    if (report.records > 0 && this.unflushedRecords === 0) this.unflushedSince = performance.now();
    this.unflushedRecords += report.records;
    this.unflushedRows += report.rows;
    return report;
  }

  private async flush(force: boolean): Promise<void> {
    for (const position of await this.sink.flush(force)) {
      const from = this.readers.find(
        (each) => each.sinkTopic === position.topic && each.partition === position.partition,
      );
      if (from) from.durable = position.offset;
    }
    this.unflushedRecords = 0;
    this.unflushedRows = 0;
  }

  private sinkBatch(from: Reader, record: BusRecord): SinkBatch | null {
    // Formats that close files by time take it from here.
    if (record.kind === 'tick') return this.empty(from, record);
    const device = from.topic === TELEMETRY_TOPIC;
    const tags = device ? this.tagger.tags(record.stream) : this.tagsOf(record);
    if (tags === null) return null;
    const packed = readPacked(record.value);
    const schema = from.bus!.schema(packed.schema);
    if (!schema)
      throw new Error(`schema ${packed.schema} of ${from.topic}/${from.partition}/${record.offset} is not registered`);
    return {
      batch: unpack([packed], record.stream, schema),
      topic: from.sinkTopic,
      partition: from.partition,
      offset: record.offset,
      tags,
      receivedUs: record.receivedUs,
    };
  }

  private tagsOf(record: BusRecord): Readonly<Record<string, string>> {
    return record.tags === '' ? {} : (JSON.parse(record.tags) as Record<string, string>);
  }

  /** A processor's log comes into being with its first run: look again until it is there. */
  private openOutputs(): void {
    for (const from of this.readers) {
      if (from.bus || !existsSync(from.folder)) continue;
      const same = this.readers.find((each) => each.bus && each.folder === from.folder)?.bus;
      const bus = same ?? openIfMade(from.folder, this.spec.partitions);
      if (bus && !this.attach(from, bus)) void bus.close();
    }
  }

  /** False while the log has no identity yet: its writer is only just making it. */
  private attach(from: Reader, bus: LogBus): boolean {
    const log = bus.fact(...LOG_FACT)?.toString();
    if (log === undefined) return false;
    from.bus = bus;
    from.sinkTopic = `${from.topic}@${log}`;
    const at = this.known.find(({ topic, partition }) => topic === from.sinkTopic && partition === from.partition);
    from.offset = from.durable = at?.offset ?? 0;
    return true;
  }

  /** Moves position and time without rows. */
  private empty({ sinkTopic, partition }: Reader, { offset, stream, receivedUs }: BusRecord): SinkBatch {
    const batch = { stream, schema: NO_COLUMNS, rows: 0, timeUs: new Float64Array(0), columns: [] };
    return { batch, topic: sinkTopic, partition, offset, tags: {}, receivedUs };
  }

  private outputLag(): number {
    let lag = 0;
    for (const { topic, partition, bus, durable } of this.readers) {
      if (bus && topic !== TELEMETRY_TOPIC) lag += Math.max(0, bus.end(topic, partition) - durable);
    }
    return lag;
  }

  private positions(): Position[] {
    return this.readers.map(({ topic, partition, durable }) => ({ topic, partition, offset: durable }));
  }
}

function reader(topic: string, partition: number, folder: string): Reader {
  return { topic, partition, bus: null, folder, sinkTopic: '', offset: 0, durable: 0 };
}

function openIfMade(dir: string, partitions: number): LogBus | null {
  try {
    return LogBus.open({ dir, partitions, readOnly: true });
  } catch (error) {
    if (error instanceof PitwallError && error.code === 'bus-failed') return null;
    throw error;
  }
}
