import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { lowerBound, upperBound } from '../../columnar/kernels/bisect.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import { takeColumn } from '../../columnar/kernels/take.js';
import type { RollingAccumulator } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { HeldRows } from './held-rows.js';
import { checkRollingRows } from './rolling-rows.js';
import type { WindowSettings } from './window-settings.js';

interface Saved {
  stream: string;
  latestUs: number;
  releasedUs: number;
  overdue: [endUs: number, dueUs: number][];
}

/**
 * Sliding windows of one lane: `(t - sizeUs, t]` for each time `t` of a row, given when the watermark has passed `t`.
 * Rows are held until then, so that they come to the rolling accumulator in order. A row that comes after its own window
 * was closed is still in those of later rows.
 *
 * A window whose end plus grace and idle is not after `releasedUs` was given as it stood, and nothing came to it since,
 * unless it is in `overdue`.
 */
export class SlidingWindows implements LaneState {
  lateRows = 0;
  private stream = '';
  private latestUs = -Infinity;
  private releasedUs = -Infinity;
  private readonly overdue = new Map<number, number>();
  private readonly held: HeldRows;
  private readonly rolling: RollingAccumulator;
  private changed = false;

  constructor(
    private readonly settings: WindowSettings,
    private readonly sizeUs: number,
    saved: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    const { aggregates, context } = settings;
    this.held = new HeldRows(context);
    const lane = saved.get('lane');
    this.rolling = lane ? aggregates.restoreRolling(sizeUs, saved) : aggregates.rolling(sizeUs);
    if (!lane) return;
    const { stream, latestUs, releasedUs, overdue } = deserialize(lane) as Saved;
    this.stream = stream;
    this.latestUs = latestUs;
    this.releasedUs = releasedUs;
    for (const [end, due] of overdue) this.overdue.set(end, due);
    this.held.restore(saved, this.watermarkUs);
  }

  add(batch: Batch, emit: Emit): void {
    const { rows, timeUs } = batch;
    const { aggregates, context, updates } = this.settings;
    const late = upperBound(timeUs, this.watermarkUs - this.sizeUs, 0, rows);
    this.lateRows += late;
    if (late === rows) return;
    this.stream = batch.stream;
    this.changed = true;
    if (updates) this.give(this.rolling, [sliceRows(batch, late, rows)], null);
    else {
      const own = lowerBound(timeUs, this.watermarkUs, late, rows);
      if (own > late) this.rolling.add(aggregates.inputs(sliceRows(batch, late, own)));
      if (own < rows) this.held.add(sliceRows(batch, own, rows));
      if (timeUs[late]! + this.waitUs <= this.releasedUs) this.touch(timeUs, late, rows);
    }
    this.latestUs = Math.max(this.latestUs, timeUs[rows - 1]!);
    if (this.held.headUs < this.watermarkUs) this.close();
    checkRollingRows(this.rolling.rows, 'window.sliding', this.stream, context);
    this.settings.rows.flush(this.stream, emit);
  }

  release(clockUs: number, emit: Emit): void {
    // Rows of later windows may still come in between, so only a copy takes in the rows that are there.
    const isDue = (endUs: number) =>
      (this.wasGiven(endUs) ? (this.overdue.get(endUs) ?? Infinity) : endUs + this.waitUs) <= clockUs;
    this.give(this.rolling.copy(), [...this.held.between(-Infinity, Infinity)], isDue);
    this.settings.rows.flush(this.stream, emit);
    for (const [endUs, dueUs] of this.overdue) if (dueUs <= clockUs) this.overdue.delete(endUs);
    this.releasedUs = Math.max(this.releasedUs, clockUs);
    this.changed = true;
  }

  get dueUs(): number {
    let dueUs = this.held.firstAfterUs(this.releasedUs - this.waitUs) + this.waitUs;
    for (const overdueUs of this.overdue.values()) dueUs = Math.min(dueUs, overdueUs);
    return dueUs;
  }

  get heldUs(): number {
    return this.held.headUs - this.sizeUs;
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    const { stream, latestUs, releasedUs, overdue } = this;
    yield ['lane', serialize({ stream, latestUs, releasedUs, overdue: [...overdue] } satisfies Saved)];
    yield* this.held.changes();
    yield* this.rolling.changes();
  }

  private get watermarkUs(): number {
    return this.latestUs - this.settings.graceUs;
  }

  private get waitUs(): number {
    return this.settings.graceUs + this.settings.idleUs;
  }

  private wasGiven(endUs: number): boolean {
    return endUs + this.waitUs <= this.releasedUs;
  }

  private close(): void {
    const changed = (endUs: number) => this.overdue.delete(endUs) || !this.wasGiven(endUs);
    this.give(this.rolling, this.held.release(this.watermarkUs), changed);
  }

  /**
   * Adds rows, in order, and gives a window for the last row of each time for which `wanted` says so; null: for each row.
   */
  private give(rolling: RollingAccumulator, batches: readonly Batch[], wanted: ((endUs: number) => boolean) | null) {
    const { aggregates, rows: given } = this.settings;
    for (const [b, batch] of batches.entries()) {
      const { rows, timeUs } = batch;
      const { fields, columns } = rolling.add(aggregates.inputs(batch));
      const picked = new Int32Array(rows);
      const afterUs = batches[b + 1]?.timeUs[0];
      let count = 0;
      for (let i = 0; i < rows; i++) {
        const isLast = timeUs[i] !== (i + 1 < rows ? timeUs[i + 1] : afterUs);
        if (wanted === null || (isLast && wanted(timeUs[i]!))) picked[count++] = i;
      }
      if (count === 0) continue;
      const endsUs = Float64Array.from(picked.subarray(0, count), (row) => timeUs[row]!);
      const cells = columns.map((column, c) => takeColumn(column, fields[c]!.type, picked, count));
      given.add(
        endsUs.map((endUs) => endUs - this.sizeUs),
        endsUs,
        fields,
        cells,
        this.stream,
      );
    }
  }

  /** Windows that were given as they stood, and that rows [from, to) change, are due once more. */
  private touch(timeUs: Float64Array, from: number, to: number): void {
    for (const { timeUs: endsUs, rows } of this.held.between(timeUs[from]!, this.releasedUs - this.waitUs + 1)) {
      for (let i = 0; i < rows; i++) {
        const endUs = endsUs[i]!;
        const newest = upperBound(timeUs, endUs, from, to) - 1;
        const isIn = newest >= from && timeUs[newest]! > endUs - this.sizeUs;
        if (isIn && !this.overdue.has(endUs)) this.overdue.set(endUs, this.releasedUs + this.settings.idleUs);
      }
    }
  }
}
