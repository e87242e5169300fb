import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import type { Accumulator, AggregateInputs } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { HeldRows } from './held-rows.js';
import { OpenPanes, type Pane } from './open-panes.js';
import type { WindowGrid } from './window-grid.js';
import { holdsRows, type WindowSettings } from './window-settings.js';

interface Saved {
  stream: string;
  latestUs: number;
  releasedUs: number;
  overdue: [endUs: number, dueUs: number][];
}

/**
 * Tumbling and hopping windows of one lane, given when they close.
 *
 * A window whose end plus grace and idle is not after `releasedUs`, the latest clock it was released at, was given as it
 * stood, and nothing came to it since, unless it is in `overdue`: rows that came later made it due once more.
 */
export class AlignedWindows implements LaneState {
  lateRows = 0;
  private stream = '';
  private latestUs = -Infinity;
  private releasedUs = -Infinity;
  private readonly overdue = new Map<number, number>();
  private readonly panes: OpenPanes;
  private readonly held: HeldRows | null;
  /** The first window to close; kept so that a lane whose rows are all in open windows does no other work. */
  private nextEndUs = Infinity;
  private nextDueUs: number | null = Infinity;
  private changed = false;

  constructor(
    private readonly settings: WindowSettings,
    private readonly grid: WindowGrid,
    saved: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.panes = new OpenPanes(settings.aggregates, grid);
    this.held = holdsRows(settings) ? new HeldRows(settings.context) : null;
    const lane = saved.get('lane');
    if (!lane) return;
    const { stream, latestUs, releasedUs, overdue } = deserialize(lane) as Saved;
    this.stream = stream;
    this.latestUs = latestUs;
    this.releasedUs = releasedUs;
    for (const [end, due] of overdue) this.overdue.set(end, due);
    this.panes.restore(saved);
    this.held?.restore(saved, this.watermarkUs + 1);
    this.nextDueUs = null;
    this.nextEndUs = this.firstEndUs(this.watermarkUs);
  }

  add(batch: Batch, emit: Emit): void {
    const { rows, timeUs } = batch;
    const late = timeUs[0]! < this.latestUs ? this.countLate(timeUs, rows) : 0;
    this.lateRows += late;
    if (late === rows) return;
    this.stream = batch.stream;
    this.changed = true;
    const inputs = this.held === null ? this.settings.aggregates.inputs(batch) : null;
    for (let i = late; i < rows; ) {
      const pane = this.paneOf(timeUs[i]!);
      const end = timeUs[rows - 1]! < pane.endUs ? rows : lowerBound(timeUs, pane.endUs, i, rows);
      if (inputs !== null) addRun(pane, inputs, i, end);
      i = end;
    }
    this.held?.add(sliceRows(batch, late, rows));
    if (timeUs[rows - 1]! > this.latestUs) this.latestUs = timeUs[rows - 1]!;
    if (this.held !== null) this.addInOrder(this.held.release(this.watermarkUs + 1));
    if (this.watermarkUs >= this.nextEndUs) this.close(emit);
  }

  release(clockUs: number, emit: Emit): void {
    const { graceUs, idleUs, rows } = this.settings;
    const endsUs = [...this.overdue].filter(([, dueUs]) => dueUs <= clockUs).map(([endUs]) => endUs);
    for (const endUs of endsUs) this.overdue.delete(endUs);
    endsUs.sort((a, b) => a - b);
    let endUs = this.firstEndUs(Math.max(this.watermarkUs, this.releasedUs - graceUs - idleUs));
    while (endUs + graceUs + idleUs <= clockUs) {
      endsUs.push(endUs);
      endUs = this.firstEndUs(endUs);
    }
    for (const end of endsUs) rows.push(end - this.grid.sizeUs, end, this.asItStands(end), this.stream);
    rows.flush(this.stream, emit);
    this.releasedUs = Math.max(this.releasedUs, clockUs);
    this.nextDueUs = null;
    this.changed = true;
  }

  get dueUs(): number {
    if (this.nextDueUs === null) {
      const { graceUs, idleUs } = this.settings;
      const waitUs = graceUs + idleUs;
      let dueUs = this.firstEndUs(Math.max(this.watermarkUs, this.releasedUs - waitUs)) + waitUs;
      for (const overdueUs of this.overdue.values()) dueUs = Math.min(dueUs, overdueUs);
      this.nextDueUs = dueUs;
    }
    return this.nextDueUs;
  }

  get heldUs(): number {
    return this.nextEndUs - this.grid.sizeUs;
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    const { stream, latestUs, releasedUs, overdue } = this;
    yield ['lane', serialize({ stream, latestUs, releasedUs, overdue: [...overdue] } satisfies Saved)];
    yield* this.panes.changes();
    if (this.held) yield* this.held.changes();
  }

  private get watermarkUs(): number {
    return this.latestUs - this.settings.graceUs;
  }

  /** The first end after a time of a window that has rows. */
  private firstEndUs(afterUs: number): number {
    const pane = this.panes.firstIn(afterUs);
    return pane === null ? Infinity : this.grid.firstEndUs(Math.max(pane.startUs, afterUs));
  }

  private countLate(timeUs: Float64Array, rows: number): number {
    return lowerBound(timeUs, this.grid.lateBeforeUs(this.watermarkUs), 0, rows);
  }

  private paneOf(timeUs: number): Pane {
    let pane = this.panes.at(timeUs);
    if (pane === null) {
      pane = this.panes.open(timeUs);
      this.nextEndUs = Math.min(this.nextEndUs, this.grid.firstEndUs(Math.max(pane.startUs, this.watermarkUs)));
      this.nextDueUs = null;
    }
    const { graceUs, idleUs } = this.settings;
    const waitUs = graceUs + idleUs;
    if (pane.startUs + waitUs < this.releasedUs) {
      let endUs = this.grid.firstEndUs(Math.max(pane.startUs, this.watermarkUs));
      const lastUs = Math.min(this.grid.lastEndUs(pane.startUs), this.releasedUs - waitUs);
      for (; endUs <= lastUs; endUs += this.grid.stepUs) {
        if (!this.overdue.has(endUs)) this.overdue.set(endUs, this.releasedUs + idleUs);
        this.nextDueUs = null;
      }
    }
    return pane;
  }

  private addInOrder(released: readonly Batch[]): void {
    for (const batch of released) {
      const inputs = this.settings.aggregates.inputs(batch);
      for (let i = 0; i < batch.rows; ) {
        const pane = this.panes.at(batch.timeUs[i]!)!;
        const end = lowerBound(batch.timeUs, pane.endUs, i, batch.rows);
        addRun(pane, inputs, i, end);
        i = end;
      }
    }
  }

  private close(emit: Emit): void {
    const { graceUs, idleUs, rows } = this.settings;
    const { sizeUs, stepUs } = this.grid;
    let endUs = this.nextEndUs;
    while (endUs <= this.watermarkUs) {
      const wasGiven = endUs + graceUs + idleUs <= this.releasedUs;
      if (this.overdue.delete(endUs) || !wasGiven) {
        rows.push(endUs - sizeUs, endUs, this.panes.merged(endUs - sizeUs, endUs), this.stream);
      }
      this.panes.dropBefore(endUs - sizeUs + stepUs);
      endUs = this.firstEndUs(endUs);
    }
    this.nextEndUs = endUs;
    this.nextDueUs = null;
    rows.flush(this.stream, emit);
  }

  /** The window with all rows that came, also those that still wait for their order. */
  private asItStands(endUs: number): Accumulator {
    const startUs = endUs - this.grid.sizeUs;
    if (this.held === null || this.held.headUs >= endUs) return this.panes.merged(startUs, endUs);
    const { aggregates } = this.settings;
    const accumulator = aggregates.create();
    accumulator.merge(this.panes.merged(startUs, endUs));
    for (const batch of this.held.between(startUs, endUs)) accumulator.add(aggregates.inputs(batch), 0, batch.rows);
    return accumulator;
  }
}

function addRun(pane: Pane, inputs: AggregateInputs, from: number, to: number): void {
  pane.accumulator.add(inputs, from, to);
  pane.changed = true;
}
