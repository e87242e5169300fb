import { Positions } from '../sinks/positions.js';
import type { Position } from '../sinks/sink.js';
import type { LaneReport, LaneSpec } from './lanes/lane.js';

/** What the main thread knows of a lane. */
export interface LaneStatus {
  id: string;
  /** A branch is `paused` by command. */
  state: 'opening' | 'running' | 'retrying' | 'stopped' | 'paused';
  error: string | null;
  /** How far it has come, while it is being opened and that takes long. */
  progress: string | null;
  records: number;
  rows: number;
  outputRows: number;
  dropped: number;
  outputLag: number;
  /** Records that it had yet to read after its last step. */
  unread: number;
  /** Its worker has a task of it. */
  acting: boolean;
  lateRows: number;
  correctedRows: number;
  /** Rows that steps failed for: left out, and put into the dead letters. */
  skippedRows: number;
  deadLetters: number;
  positions: Position[];
  /** Receive time of the last record it has read, microseconds since 1970; 0 = none yet. */
  readUs: number;
  /** When it last moved on, or had nothing to read; `performance.now()`. */
  movedMs: number;
}

export function newStatus(id: string): LaneStatus {
  return {
    id,
    state: 'opening',
    error: null,
    progress: null,
    records: 0,
    rows: 0,
    outputRows: 0,
    dropped: 0,
    outputLag: 0,
    unread: 0,
    acting: false,
    lateRows: 0,
    correctedRows: 0,
    skippedRows: 0,
    deadLetters: 0,
    positions: [],
    readUs: 0,
    movedMs: performance.now(),
  };
}

/** A task of the lane begins. */
export function begins(status: LaneStatus): void {
  status.acting = true;
  if (status.unread === 0) status.movedMs = performance.now();
}

/**
 * Whether a task has brought the lane on. A branch that has read records has not: its store may yet take none of them, and
 * then the next attempt is to wait longer.
 */
export function gotOn({ kind }: LaneSpec, { positions }: LaneStatus, report: LaneReport): boolean {
  if (kind !== 'branch') return report.records > 0;
  if (report.taken !== null) return report.taken > 0;
  const before = new Positions(positions);
  return report.positions.some(({ topic, partition, offset }) => offset > (before.get(topic, partition) ?? 0));
}

/** A task of the lane has ended without a fault. */
export function succeeded(status: LaneStatus, report: LaneReport): void {
  status.records += report.records;
  status.rows += report.rows;
  status.outputRows += report.outputRows;
  status.dropped += report.dropped;
  status.skippedRows += report.skippedRows;
  status.deadLetters += report.deadLetters;
  status.outputLag = report.outputLag;
  status.unread = report.unread;
  status.readUs = Math.max(status.readUs, report.readUs);
  if (report.records > 0 || report.unread === 0) status.movedMs = performance.now();
  if (report.records > 0) {
    status.lateRows = report.lateRows;
    status.correctedRows = report.correctedRows;
  }
  status.positions = report.positions;
}
