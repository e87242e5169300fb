import { existsSync, readdirSync } from 'node:fs';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { PitwallError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { loadFunctions } from '../../processors/functions/load-functions.js';
import { GraphChain } from '../../processors/grouping/graph-chain.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { connectedComponents } from '../../processors/topology.js';
import { FileSink } from '../../sinks/file/file-sink.js';
import type { FileFormat } from '../../sinks/file/file-sink-options.js';
import type { SinkBatch } from '../../sinks/sink.js';
import { policiesOf } from '../build-lanes.js';
import { closeAll, type OpenPartition, openTopic } from '../bus-reader.js';
import type { Config } from '../config/config.js';
import { FreshRecords } from '../lanes/fresh-records.js';
import { GraphInput } from '../lanes/graph-input.js';
import { type BusPoint, type PartitionRange, partitionRange, patience } from './bus-point.js';

/** Read at most so much of a partition at a time. */
const READ_BYTES = 2 * 1024 * 1024;
/** Where records come at their own pace, so much of their time at a time. */
const PACED_US = 100_000;
const ANSWER_MS = 30_000;
/** Rows are handed to the disk when there are so many. */
const FLUSH_ROWS = 1_000_000;
const SINK = 'replay';

export interface ReprocessOptions {
  since: BusPoint;
  /** Null: what is there when it begins. */
  until: BusPoint | null;
  /** Whose rows are written; empty: those of all. */
  processors: readonly string[];
  into: string;
  format: FileFormat;
  /** Called with the time of receipt before records go on; null: as fast as they can be read. */
  pace: ((receivedUs: number) => Promise<void> | undefined) | null;
  signal: AbortSignal;
  warn(message: string): void;
}

export interface ReprocessReport {
  records: number;
  /** Rows that were written, by processor. */
  rows: Record<string, number>;
  /** What was read, `TOPIC/PARTITION` → offsets. */
  read: Record<string, PartitionRange>;
  unreadableRecords: number;
  /** Rows that came too late for a join or another step. */
  lateRows: number;
  /** Rows that steps failed for, which a running process puts into the dead letters or leaves out. */
  failedRows: number;
}

/** One partition, and how far it has been read. */
interface Run {
  place: OpenPartition;
  range: PartitionRange;
  offset: number;
  /** Time of receipt of the last record. */
  receivedUs: number;
  input: GraphInput;
  /** Null where every record stands on the bus once. */
  fresh: FreshRecords | null;
}

/**
 * Runs processors of a configuration over what the bus keeps, and writes their rows into a folder of its own. It reads and
 * holds nothing on the bus, and knows nothing of what the processors of a running process have kept: they begin without
 * state. With the same plans and from the same record on, the rows are those that a running process writes.
 */
export async function reprocess(config: Config, options: ReprocessOptions): Promise<ReprocessReport> {
  const wanted = wantedProcessors(config, options.processors);
  if (existsSync(options.into) && readdirSync(options.into).length > 0) {
    throw refuse(`the folder ${options.into} is not empty; name one that is, or that is not there yet`);
  }
  const places = await openTopic(config, TELEMETRY_TOPIC);
  try {
    if (places.length === 0) throw refuse(`there is no log in ${config.bus.log.dir} yet`);
    const report: ReprocessReport = {
      records: 0,
      rows: {},
      read: {},
      unreadableRecords: 0,
      lateRows: 0,
      failedRows: 0,
    };
    const runs: Run[] = [];
    // One after the other: they may share a reader, which answers one call at a time.
    for (const place of places) runs.push(await runOver(place, config, options, report));
    if (runs.every(({ range }) => range.from === range.to)) throw refuse('there are no records in that range');
    const sink = new FileSink(SINK, { path: options.into, format: options.format });
    await sink.open();
    try {
      const plans = connected(config, wanted);
      const functions = await loadFunctions(plans);
      const chain = new GraphChain(plans, config.bus.log.partitions, { functions, onError: policiesOf(config) });
      await readAll(runs, chain, sink, wanted, options, report);
      await sink.flush(true);
    } finally {
      await sink.close();
    }
    return report;
  } finally {
    await closeAll(places);
  }
}

async function runOver(
  place: OpenPartition,
  config: Config,
  { since, until, warn }: ReprocessOptions,
  report: ReprocessReport,
): Promise<Run> {
  const range = await partitionRange(place, since, until);
  report.read[`${place.topic}/${place.partition}`] = range;
  const declared = config.streams.map((stream) => stream.pattern.text);
  const input = new GraphInput(place.bus, declared, (record, error) => {
    if (!(error instanceof PitwallError) || error.retryable) throw error;
    report.unreadableRecords++;
    warn(`${place.topic}/${place.partition}/${record.offset} cannot be read and is skipped: ${error.message}`);
  });
  const fresh = config.bus.kafka ? new FreshRecords(place.bus) : null;
  return { place, range, offset: range.from, receivedUs: 0, input, fresh };
}

/**
 * The processors that run: those that are wanted, with all that they are connected with, as in a running process. What
 * the others read moves the clocks of entities, too.
 */
function connected(config: Config, wanted: ReadonlySet<string>): ProcessorPlan[] {
  const all = connectedComponents(config.processors.map(({ plan }) => plan));
  return all.filter((plans) => plans.some(({ name }) => wanted.has(name))).flat();
}

/** Of all partitions the one goes on whose records are the oldest. */
async function readAll(
  runs: readonly Run[],
  chain: GraphChain,
  sink: FileSink,
  wanted: ReadonlySet<string>,
  { pace, signal, warn }: ReprocessOptions,
  report: ReprocessReport,
): Promise<void> {
  const offsets = new Map<string, number>();
  const said = new Set<string>();
  let unflushed = 0;
  for (let left = runs.filter(isUnread); left.length > 0 && !signal.aborted; left = left.filter(isUnread)) {
    const run = left.reduce((oldest, each) => (each.receivedUs < oldest.receivedUs ? each : oldest));
    const batches: SinkBatch[] = [];
    for (const output of await step(run, chain, pace, report)) {
      if (!wanted.has(output.processor)) continue;
      const { processor, batch, key, tags, receivedUs } = output;
      const { partition } = run.place;
      const name = `${processor}/${run.place.topic}/${partition}`;
      const offset = offsets.get(name) ?? 0;
      offsets.set(name, offset + 1);
      batches.push({ batch, topic: `${processor}@${run.place.topic}`, partition, offset, key, tags, receivedUs });
      report.rows[processor] = (report.rows[processor] ?? 0) + batch.rows;
      unflushed += batch.rows;
    }
    if (batches.length > 0) await sink.write(batches);
    if (unflushed >= FLUSH_ROWS) {
      await sink.flush(false);
      unflushed = 0;
    }
    report.failedRows = chain.failedRows;
    for (const warning of chain.takeWarnings()) {
      if (!said.has(warning)) warn(warning);
      said.add(warning);
    }
  }
  const { left, right, steps } = chain.lateRows;
  report.lateRows = left + right + steps;
}

function isUnread({ offset, range }: Run): boolean {
  return offset < range.to;
}

async function step(run: Run, chain: GraphChain, pace: ReprocessOptions['pace'], report: ReprocessReport) {
  const { place, range, fresh, input } = run;
  const { bus, topic, partition } = place;
  const untilMs = performance.now() + ANSWER_MS;
  let read = await bus.read(topic, partition, run.offset, READ_BYTES);
  while (read.records.length === 0 && read.next === run.offset) {
    await patience(place, untilMs);
    read = await bus.read(topic, partition, run.offset, READ_BYTES);
  }
  if (read.dropped > 0 || read.restarted) {
    const what = `${topic} partition ${partition}: records from offset ${run.offset} on were dropped before they were read`;
    throw new PitwallError('bus-failed', `${what}; begin later, into another folder`, { stage: 'bus' });
  }
  let records = read.records.filter(({ offset }) => offset < range.to);
  let { next } = read;
  if (pace && records.length > 0) {
    const endUs = records[0]!.receivedUs + PACED_US;
    const cut = records.findIndex(({ receivedUs }) => receivedUs > endUs);
    if (cut > 0) {
      records = records.slice(0, cut);
      next = records.at(-1)!.offset + 1;
    }
    await pace(records.at(-1)!.receivedUs);
  }
  run.offset = next;
  run.receivedUs = records.at(-1)?.receivedUs ?? run.receivedUs;
  report.records += records.length;
  return chain.run(partition, input.of(records, chain, fresh));
}

function wantedProcessors(config: Config, names: readonly string[]): Set<string> {
  const all = config.processors.map(({ plan }) => plan.name);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw refuse(`the configuration has no processor "${unknown}"${suggestion(unknown, all, 'its processors')}`);
  }
  if (all.length === 0) throw refuse('the configuration has no processors');
  return new Set(names.length > 0 ? names : all);
}

function refuse(message: string): PitwallError {
  return new PitwallError('bad-usage', message, { stage: 'command' });
}
