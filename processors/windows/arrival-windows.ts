import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import type { Accumulator } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import type { WindowEdge } from './window-edge.js';
import type { WindowSettings } from './window-settings.js';

interface Saved {
  stream: string;
  releasedUs: number;
  edge: unknown;
  open: { startUs: number; lastUs: number; rows: number; dueUs: number; values: Uint8Array } | null;
}

interface Open {
  startUs: number;
  /** The latest time of a row, which need not be that of the last one to come. */
  lastUs: number;
  rows: number;
  /** The clock at which it is given as it stands; Infinity when it was, and nothing came since. */
  dueUs: number;
  accumulator: Accumulator;
}

/** Windows of one lane that follow one another in the order rows come: one is open at a time, and no row is late. */
export class ArrivalWindows implements LaneState {
  readonly lateRows = 0;
  private stream = '';
  /** The latest clock at which a window was given as it stood. */
  private releasedUs = -Infinity;
  private open: Open | null = null;
  private changed = false;

  constructor(
    private readonly settings: WindowSettings,
    private readonly edge: WindowEdge,
    saved: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    const lane = saved.get('lane');
    if (!lane) return;
    const { stream, releasedUs, open, edge: atEdge } = deserialize(lane) as Saved;
    this.stream = stream;
    this.releasedUs = releasedUs;
    edge.restore(atEdge);
    if (open) {
      const { values, ...times } = open;
      this.open = { ...times, accumulator: settings.aggregates.restore(values) };
    }
  }

  add(batch: Batch, emit: Emit): void {
    const { rows, timeUs } = batch;
    const { aggregates, updates } = this.settings;
    this.stream = batch.stream;
    this.changed = true;
    const inputs = aggregates.inputs(batch);
    this.edge.begin(batch);
    for (let i = 0; i < rows; ) {
      const open = (this.open ??= this.begin(timeUs[i]!));
      const to = updates ? i + 1 : rows;
      const end = this.edge.runEnd(i, to, open.rows);
      if (end > i) {
        open.accumulator.add(inputs, i, end);
        open.rows += end - i;
        open.startUs = Math.min(open.startUs, timeUs[i]!);
        open.lastUs = Math.max(open.lastUs, timeUs[end - 1]!);
        this.setDue(open);
        if (updates) this.giveUpdate(open);
      }
      if (this.edge.isFull(open.rows)) this.close(open, open.lastUs);
      else if (end < to) this.close(open, Math.max(open.lastUs, timeUs[end]!));
      i = end;
    }
    this.settings.rows.flush(this.stream, emit);
  }

  release(clockUs: number, emit: Emit): void {
    const { open } = this;
    if (open === null || open.dueUs > clockUs) return;
    this.settings.rows.push(open.startUs, open.lastUs, open.accumulator, this.stream);
    this.settings.rows.flush(this.stream, emit);
    open.dueUs = Infinity;
    this.releasedUs = Math.max(this.releasedUs, clockUs);
    this.changed = true;
  }

  get dueUs(): number {
    return this.open?.dueUs ?? Infinity;
  }

  get heldUs(): number {
    return this.settings.updates ? Infinity : (this.open?.startUs ?? Infinity);
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    const { stream, releasedUs, open } = this;
    let saved: Saved['open'] = null;
    if (open) {
      const { accumulator, ...times } = open;
      saved = { ...times, values: accumulator.save() };
    }
    yield ['lane', serialize({ stream, releasedUs, edge: this.edge.save(), open: saved } satisfies Saved)];
  }

  private begin(timeUs: number): Open {
    const accumulator = this.settings.aggregates.create();
    return { startUs: timeUs, lastUs: timeUs, rows: 0, dueUs: Infinity, accumulator };
  }

  /** A window that was given, and to which rows have come since, is due again when it has been idle once more. */
  private setDue(open: Open): void {
    if (this.settings.updates) return;
    const { idleUs } = this.settings;
    if (open.lastUs + idleUs > this.releasedUs) open.dueUs = open.lastUs + idleUs;
    else if (open.dueUs === Infinity) open.dueUs = this.releasedUs + idleUs;
  }

  private close(open: Open, endUs: number): void {
    const { updates, rows } = this.settings;
    // The first row of the next window says where a cut ends, which is news also when nothing came since it was given.
    if (!updates) rows.push(open.startUs, endUs, open.accumulator, this.stream);
    this.open = null;
  }

  private giveUpdate({ startUs, lastUs, accumulator }: Open): void {
    this.settings.rows.push(startUs, lastUs, accumulator, this.stream);
    this.settings.rows.settle(this.stream);
  }
}
