import type { Batch } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';
import { TimeQueue } from '../time-queue.js';
import { stepFailed } from '../verbs/step-context.js';
import type { Join } from './join.js';
import { packRows, unpackRows } from './packed-rows.js';
import { RightBuffer } from './right-buffer.js';

/**
 * Right rows kept for an entity while its left side is idle or far behind: 9 hours of 1 Hz, 5 minutes of 100 Hz. The
 * oldest go first. Beside it, what is further back than wait and tolerance behind the left side goes at once.
 */
export const RIGHT_ROWS_MAX = 32_768;
/** Left rows an entity may have waiting in one join: nearly three hours of 100 Hz. More is a `wait` set by mistake. */
export const LEFT_ROWS_MAX = 1 << 20;

export interface JoinSnapshot {
  right: { fields: readonly Field[]; rows: Uint8Array; frontierUs: number } | null;
  lanes: { id: string; frontierUs: number; releasedUs: number; waiting: Uint8Array[] }[];
}

/** One join of one entity: the left rows that wait, lane by lane, and the right rows they may meet. */
export class JoinState {
  readonly right: RightBuffer;
  /** Left rows that came before one already released, and right rows that came after one they might have met. */
  lateLeftRows = 0;
  lateRightRows = 0;
  changed = false;
  private readonly lanes = new Map<string, TimeQueue>();

  constructor(private readonly join: Join) {
    this.right = new RightBuffer(join.physical);
  }

  addRight(batch: Batch): void {
    this.changed = true;
    let releasedUs = -Infinity;
    for (const lane of this.lanes.values()) releasedUs = Math.max(releasedUs, lane.releasedUs);
    if (batch.timeUs[0]! <= releasedUs && batch.timeUs[0]! < this.right.frontierUs) {
      this.lateRightRows += countNotAfter(batch, releasedUs);
    }
    try {
      this.right.add(batch);
    } catch (cause) {
      throw stepFailed(this.join.context, `the right rows of ${batch.stream}: ${(cause as Error).message}`, cause);
    }
  }

  addLeft(laneId: string, batch: Batch): void {
    this.changed = true;
    let lane = this.lanes.get(laneId);
    if (!lane) this.lanes.set(laneId, (lane = new TimeQueue()));
    if (batch.timeUs[0]! < lane.releasedUs) this.lateLeftRows += countNotAfter(batch, lane.releasedUs - 1);
    lane.add(batch);
  }

  /** Joins and hands out, lane by lane, the rows that are settled, or expired at the entity's clock. */
  release(clockUs: number, emit: (laneId: string, batch: Batch) => void): void {
    const settledUs = this.right.frontierUs;
    const expiredUs = clockUs - this.join.step.waitUs;
    for (const [id, lane] of this.lanes) {
      if (lane.rows === 0) continue;
      for (const rows of lane.release(settledUs, expiredUs)) {
        this.changed = true;
        const joined = this.join.apply(rows, this.right);
        if (joined !== null) emit(id, joined);
      }
    }
    if (this.heldRows > LEFT_ROWS_MAX) throw this.tooMany(this.heldRows);
    this.prune();
  }

  /** A lower bound for the times of the waiting rows; Infinity when none waits. */
  get heldUs(): number {
    let held = Infinity;
    for (const lane of this.lanes.values()) held = Math.min(held, lane.headUs);
    return held;
  }

  get heldRows(): number {
    let rows = 0;
    for (const lane of this.lanes.values()) rows += lane.rows;
    return rows;
  }

  /** Whether a row waits that is older than one already released: then what comes out is not in time order. */
  get isOutOfOrder(): boolean {
    for (const lane of this.lanes.values()) if (lane.headUs < lane.releasedUs) return true;
    return false;
  }

  /**
   * What is kept is a function of the rows that came, not of when this is called: later calls with what came since give
   * the same rows as calls after every record.
   */
  private prune(): void {
    let frontierUs = Infinity;
    for (const lane of this.lanes.values()) frontierUs = Math.min(frontierUs, lane.frontierUs);
    const { waitUs, toleranceUs } = this.join.step;
    if (frontierUs < Infinity) this.right.dropBefore(frontierUs - waitUs - (toleranceUs ?? 0));
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
      lanes: [...this.lanes].map(([id, lane]) => {
        const { frontierUs, releasedUs } = lane;
        return { id, frontierUs, releasedUs, waiting: lane.waiting().map(packRows) };
      }),
    };
  }

  restore(from: JoinSnapshot): void {
    if (from.right) this.right.restore(from.right.fields, unpackRows(from.right.rows), from.right.frontierUs);
    for (const { id, frontierUs, releasedUs, waiting } of from.lanes) {
      const lane = new TimeQueue();
      for (const rows of waiting) lane.add(unpackRows(rows));
      lane.frontierUs = frontierUs;
      lane.releasedUs = releasedUs;
      this.lanes.set(id, lane);
    }
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
