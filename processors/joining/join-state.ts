import type { Batch } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';
import { TimeQueue } from '../time-queue.js';
import { stepFailed } from '../verbs/step-context.js';
import type { Join } from './join.js';
import { keptUs, lookAheadUs, lookBackUs, settleAfterUs } from './join-options.js';
import { packRows, unpackRows } from './packed-rows.js';
import type { RightBuffer } from './right-buffer.js';

/**
 * Right rows kept for an entity while its left side is idle or far behind: 9 hours of 1 Hz, 5 minutes of 100 Hz. The
 * oldest go first. Beside it, what is further back than wait and tolerance behind the left side goes at once.
 */
export const RIGHT_ROWS_MAX = 32_768;
/** Left rows an entity may have waiting in one join: nearly three hours of 100 Hz. More is a `wait` set by mistake. */
export const LEFT_ROWS_MAX = 1 << 20;

/**
 * Left rows a lane keeps for corrections, the newest: five minutes of 100 Hz. More would be kept only where twice the
 * `wait` is longer than that.
 */
export const CORRECTED_ROWS_MAX = 32_768;

/** A lane of left rows. */
interface LeftLane {
  waiting: TimeQueue;
  /** Rows that have left, and may have to leave again with other right rows; null where rows are not corrected. */
  kept: TimeQueue | null;
}

export interface JoinSnapshot {
  right: { fields: readonly Field[]; rows: Uint8Array; frontierUs: number } | null;
  lanes: { id: string; frontierUs: number; releasedUs: number; waiting: Uint8Array[]; kept?: Uint8Array[] }[];
}

/** One join of one entity: the left rows that wait, lane by lane, and the right rows they may meet. */
export class JoinState {
  readonly right: RightBuffer;
  /** Left rows that came before one already released, and right rows that came after one they might have met. */
  lateLeftRows = 0;
  lateRightRows = 0;
  /** Rows given again, or at last, since right rows had come late. */
  correctedRows = 0;
  changed = false;
  private readonly lanes = new Map<string, LeftLane>();
  private readonly corrects: boolean;
  private readonly settleAfterUs: number;
  private readonly lookAheadUs: number;
  /** How far the right side was when kept rows were last looked at. */
  private correctedUs = -Infinity;

  constructor(private readonly join: Join) {
    this.right = join.newRightBuffer();
    this.corrects = join.step.late === 'correct';
    this.settleAfterUs = settleAfterUs(join.step);
    this.lookAheadUs = lookAheadUs(join.step);
  }

  /** Gives how many of the rows are late; they are the first ones. */
  addRight(batch: Batch): number {
    this.changed = true;
    const late = this.countLate(batch);
    this.lateRightRows += late;
    try {
      this.right.add(batch);
    } catch (cause) {
      throw stepFailed(this.join.context, `the right rows of ${batch.stream}: ${(cause as Error).message}`, cause);
    }
    return late;
  }

  /**
   * A right row is late when left rows have left that it came too late for: one at its time or later, or, where left rows
   * look ahead, one that had no other right row between it and this one. Rows that come in order can be late, too, for
   * left rows that expired.
   */
  private countLate(batch: Batch): number {
    let releasedUs = -Infinity;
    for (const { waiting } of this.lanes.values()) releasedUs = Math.max(releasedUs, waiting.releasedUs);
    const reachUs = releasedUs + (this.join.step.between?.toUs ?? 0);
    const aheadUs = releasedUs + this.lookAheadUs;
    const expiredUs = releasedUs + this.settleAfterUs;
    let { frontierUs } = this.right;
    let beforeUs = -Infinity;
    let late = 0;
    for (; late < batch.rows; late++) {
      const timeUs = batch.timeUs[late]!;
      const isInOrder = timeUs >= frontierUs;
      if (timeUs <= reachUs) {
        if (isInOrder && expiredUs < frontierUs) break;
      } else {
        const lastUs = isInOrder ? frontierUs : Math.max(beforeUs, this.right.lastUs(timeUs));
        if (timeUs > aheadUs || lastUs >= releasedUs) break;
      }
      beforeUs = timeUs;
      frontierUs = Math.max(frontierUs, timeUs);
    }
    return late;
  }

  addLeft(laneId: string, batch: Batch): void {
    this.changed = true;
    let lane = this.lanes.get(laneId);
    if (!lane) this.lanes.set(laneId, (lane = this.newLane()));
    const { waiting } = lane;
    if (batch.timeUs[0]! < waiting.releasedUs) this.lateLeftRows += countNotAfter(batch, waiting.releasedUs - 1);
    waiting.add(batch);
  }

  /**
   * Joins and hands out, lane by lane, rows to be corrected, and rows that are settled, or expired at the entity's clock.
   * `latestUs` is the latest event time of the entity, from which on a silent one's clock runs.
   */
  release(clockUs: number, latestUs: number, emit: (laneId: string, batch: Batch) => void): void {
    if (this.corrects) this.correct(latestUs, emit);
    const expiredUs = clockUs - this.join.step.waitUs;
    for (const [id, { waiting, kept }] of this.lanes) {
      if (waiting.rows === 0) continue;
      for (const rows of waiting.release(this.settledUs, expiredUs)) {
        this.changed = true;
        this.join.apply(rows, this.right, (joined) => emit(id, joined));
        kept?.add(rows);
      }
      kept?.keepNewest(CORRECTED_ROWS_MAX);
    }
    if (this.heldRows > LEFT_ROWS_MAX) throw this.tooMany(this.heldRows);
    this.prune();
  }

  /** Left rows before it are settled: no right row that comes in order can change them. */
  private get settledUs(): number {
    return this.right.frontierUs - this.settleAfterUs;
  }

  /** Gives again the rows that fresh right rows change. Of those in order only rows that expired can be changed. */
  private correct(latestUs: number, emit: (laneId: string, batch: Batch) => void): void {
    const { right, correctedUs } = this;
    const isLate = right.earliestFreshUs < correctedUs;
    for (const [id, { kept }] of this.lanes) {
      kept!.release(-Infinity, latestUs - keptUs(this.join.step));
      const canChange = isLate || kept!.tailUs >= correctedUs - this.settleAfterUs;
      if (!canChange || kept!.rows === 0 || right.earliestFreshUs === Infinity) continue;
      for (const rows of kept!.waiting()) {
        this.join.correct(rows, right, (joined) => {
          this.correctedRows += joined.rows;
          emit(id, joined);
        });
      }
    }
    right.forgetFresh();
    this.correctedUs = right.frontierUs;
  }

  /** A lower bound for the times of the waiting rows; Infinity when none waits. */
  get heldUs(): number {
    let held = Infinity;
    for (const { waiting } of this.lanes.values()) held = Math.min(held, waiting.headUs);
    return held;
  }

  /** The clock from which on a row of this time, or a later one, may expire before it is settled. */
  expiryUs(timeUs: number, rightFrontierUs: number): number {
    return Math.max(timeUs, rightFrontierUs - this.settleAfterUs) + this.join.step.waitUs;
  }

  get heldRows(): number {
    let rows = 0;
    for (const { waiting } of this.lanes.values()) rows += waiting.rows;
    return rows;
  }

  /** Whether a row waits that is older than one already released: then what comes out is not in time order. */
  get isOutOfOrder(): boolean {
    for (const { waiting } of this.lanes.values()) if (waiting.headUs < waiting.releasedUs) return true;
    return false;
  }

  /** Whether a right row that comes in order, too, may change a row that has left. */
  get isCorrectable(): boolean {
    if (!this.corrects) return false;
    for (const { kept } of this.lanes.values()) if (kept!.tailUs >= this.settledUs) return true;
    return false;
  }

  /**
   * What is kept is a function of the rows that came, not of when this is called: later calls with what came since give
   * the same rows as calls after every record.
   */
  private prune(): void {
    let frontierUs = Infinity;
    for (const { waiting } of this.lanes.values()) frontierUs = Math.min(frontierUs, waiting.frontierUs);
    const { step } = this.join;
    if (frontierUs < Infinity) this.right.dropBefore(frontierUs - keptUs(step) - lookBackUs(step));
    this.right.keepNewest(RIGHT_ROWS_MAX);
  }

  snapshot(): JoinSnapshot {
    const rows = this.right.snapshot();
    return {
      right: rows && {
        fields: this.right.schema!.fields,
        rows: packRows(rows),
        frontierUs: this.right.frontierUs,
      },
      lanes: [...this.lanes].map(([id, { waiting, kept }]) => {
        const { frontierUs, releasedUs } = waiting;
        const lane = { id, frontierUs, releasedUs, waiting: waiting.waiting().map(packRows) };
        return kept ? { ...lane, kept: kept.waiting().map(packRows) } : lane;
      }),
    };
  }

  restore(from: JoinSnapshot): void {
    if (from.right) this.right.restore(from.right.fields, unpackRows(from.right.rows), from.right.frontierUs);
    this.correctedUs = this.right.frontierUs;
    for (const { id, frontierUs, releasedUs, waiting, kept } of from.lanes) {
      const lane = this.newLane();
      for (const rows of waiting) lane.waiting.add(unpackRows(rows));
      for (const rows of kept ?? []) lane.kept?.add(unpackRows(rows));
      lane.waiting.frontierUs = frontierUs;
      lane.waiting.releasedUs = releasedUs;
      this.lanes.set(id, lane);
    }
  }

  private newLane(): LeftLane {
    return { waiting: new TimeQueue(), kept: this.corrects ? new TimeQueue() : null };
  }

  private tooMany(rows: number): Error {
    return stepFailed(
      this.join.context,
      `${rows} rows of one entity wait for the right side, more than ${LEFT_ROWS_MAX}; give the join a shorter wait`,
    );
  }
}

function countNotAfter(batch: Batch, timeUs: number): number {
  let count = 0;
  while (count < batch.rows && batch.timeUs[count]! <= timeUs) count++;
  return count;
}
