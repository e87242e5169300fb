import type { ForwardPosition } from '../../bus/spooled/forwarder.js';
import type { OnError } from '../../processors/failed-rows.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import type { Position } from '../../sinks/sink.js';
import type { SinkConfig } from '../config/config.js';
import type { KafkaLane } from './kafka-lane.js';

/**
 * A lane is what reads on its own: the processors of one connected component on one partition, or one branch. It has
 * its own position and state, lives in one worker, and is driven step by step by the main thread (see Scheduler).
 */
export interface Lane {
  /** Loads position and state; returns where it will read on. */
  open(rewind?: readonly Position[]): Promise<LaneReport>;
  /** Reads what is there, up to a bounded amount, and makes the result durable, or holds it for a later step. */
  step(holds: readonly Position[]): Promise<LaneReport>;
  /** As `step`, and makes everything it holds durable. */
  finish(): Promise<LaneReport>;
  /** Says what is kept of an entity, as of the last checkpoint; only where there is such a thing. */
  inspect?(query: StateQuery): StateAnswer;
  close(): Promise<void>;
}

/** A longer answer is not given: it would hold up the main thread, and nobody reads it. */
export const STATE_BYTES_MAX = 1024 * 1024;

/** What somebody wants to know of a processor's state. */
export interface StateQuery {
  processor: string;
  /** Entity key. */
  key: string;
}

export interface StateAnswer {
  /** JSON text; null when nothing is kept of the entity, and when it is longer than `STATE_BYTES_MAX`. */
  json: string | null;
  /** Of the whole text; 0 when nothing is kept. */
  bytes: number;
  /** Of the entities of which something is kept, the one that may have been meant. */
  near: string | null;
}

export type LaneSpec = ProcessorLaneSpec | BranchLaneSpec | ForwardLaneSpec;

interface CommonSpec {
  id: string;
  folders: BusFolders;
  partitions: number;
  /** Null: the bus is the embedded log. */
  kafka: KafkaLane | null;
  /** Patterns of declared streams, for the tags they capture. */
  declared: string[];
}

export interface ProcessorLaneSpec extends CommonSpec {
  kind: 'processors';
  /** Topic of the bus with what devices send, or that of a group step. */
  input: string;
  partition: number;
  /** How many group steps lie before it; 0 = it reads what devices send. */
  level: number;
  /** Modules to be loaded first, which add what the plans may name. */
  modules: string[];
  /** Processors that feed one another, in any order. */
  plans: ProcessorPlan[];
  /** By processor. Not part of the plans: state outlives a change of it. */
  onError: Record<string, OnError>;
  outputBytesMax: number | null;
}

export interface BranchLaneSpec extends CommonSpec {
  kind: 'branch';
  name: string;
  sink: SinkConfig;
  /** Topics of the bus with what devices send. */
  inputs: string[];
  /** Device stream patterns it takes, and processors whose output it takes. */
  patterns: string[];
  processors: string[];
  /** For each of them how many group steps lie before what writes its output. */
  levels: Record<string, number>;
  /** Partitions that this process reads. */
  owned: number[];
}

/** From the spool to Kafka. */
export interface ForwardLaneSpec extends CommonSpec {
  kind: 'forward';
  kafka: KafkaLane;
  /** How far Kafka is known to have it. */
  resume: ForwardPosition[];
  lingerMs: number;
  /** How long after data ticks come fast, see Ticker. */
  briskUs: number;
}

/** Where the logs are: the ingest log, and one log a partition for what processors write there. */
export interface BusFolders {
  ingest: string;
  processors: string;
  /** What branches have to remember on this machine, a folder each. */
  branches: string;
}

export interface LaneTask {
  action: 'open' | 'step' | 'finish' | 'close' | 'inspect';
  spec: LaneSpec;
  /** For processors: what the branches have read of their outputs. */
  holds: Position[];
  /** For `inspect`. */
  query?: StateQuery;
  /** For `open` of a branch: read from here again, topics as the bus names them. */
  rewind?: Position[];
}

export interface LaneReport {
  /** What is durable: everything before these offsets need not be kept for this lane. */
  positions: Position[];
  records: number;
  rows: number;
  outputRows: number;
  /** There is more to read now. */
  more: boolean;
  /** It holds rows that are not durable yet and wants a step within this time even without new data; null = none. */
  wakeMs: number | null;
  /** Topics it has appended to. */
  wrote: string[];
  fault: LaneFault | null;
  warnings: string[];
  /** Records that retention dropped before this lane read them. */
  dropped: number;
  /** Records that it has not made durable yet, of those the main thread cannot count: processors' outputs, and Kafka's. */
  outputLag: number;
  /** Records that it has yet to read. */
  unread: number;
  /** Receive time of the last record it has read, microseconds since 1970; 0 = none. */
  readUs: number;
  /** Rows that came too late for a join since the lane was opened. */
  lateRows: number;
  /** Rows that joins gave again since the lane was opened, since others had come late. */
  correctedRows: number;
  /** What came of `inspect`. */
  state?: StateAnswer;
  /** Rows that steps failed for, in this task: left out, and put into the dead letters. */
  skippedRows: number;
  deadLetters: number;
  /** Of a branch whose sink counts them: requests with rows that its store has taken. */
  taken: number | null;
}

export interface LaneFault {
  message: string;
  retryable: boolean;
  /** The bus is away, not the lane at fault: it is tried for ever. */
  bus: boolean;
  /** Its thread was lost by no fault of its own: it is opened again at once, or after `againMs`. */
  lost?: boolean;
  /** Threads die while they start: the next one is started after so long. */
  againMs?: number | null;
  /** A store asks for this much time before the next attempt. */
  retryAfterMs?: number | null;
}

export function emptyReport(): LaneReport {
  return {
    positions: [],
    records: 0,
    rows: 0,
    outputRows: 0,
    more: false,
    wakeMs: null,
    wrote: [],
    fault: null,
    warnings: [],
    dropped: 0,
    outputLag: 0,
    unread: 0,
    readUs: 0,
    lateRows: 0,
    correctedRows: 0,
    skippedRows: 0,
    deadLetters: 0,
    taken: null,
  };
}
