import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';
import type { Accumulator } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import type { WindowGrid } from './window-grid.js';
import type { WindowSettings } from './window-settings.js';

interface Saved {
  latestUs: number;
}

interface Open {
  accumulator: Accumulator;
  changed: boolean;
  saved: boolean;
}

const PIECE = 'window-';

/** Tumbling and hopping windows of one lane of which each row gives those it changed. Each keeps its own values. */
export class UpdatingWindows implements LaneState {
  lateRows = 0;
  readonly dueUs = Infinity;
  readonly heldUs = Infinity;
  private latestUs = -Infinity;
  /** By their end. */
  private readonly open = new Map<number, Open>();
  private closed: string[] = [];
  private changed = false;

  constructor(
    private readonly settings: WindowSettings,
    private readonly grid: WindowGrid,
    saved: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    for (const [name, value] of saved) {
      if (name === 'lane') this.latestUs = (deserialize(value) as Saved).latestUs;
      else {
        const accumulator = settings.aggregates.restore(value);
        this.open.set(Number(name.slice(PIECE.length)), { accumulator, changed: false, saved: true });
      }
    }
  }

  add(batch: Batch, emit: Emit): void {
    const { rows, stream, timeUs } = batch;
    const late = timeUs[0]! < this.latestUs ? lowerBound(timeUs, this.grid.lateBeforeUs(this.watermarkUs), 0, rows) : 0;
    this.lateRows += late;
    if (late === rows) return;
    this.changed = true;
    const { aggregates, rows: given } = this.settings;
    const inputs = aggregates.inputs(batch);
    for (let i = late; i < rows; i++) {
      const time = timeUs[i]!;
      const lastUs = this.grid.lastEndUs(time);
      let endUs = this.grid.firstEndUs(Math.max(time, this.watermarkUs));
      for (; endUs <= lastUs; endUs += this.grid.stepUs) {
        const window = this.at(endUs);
        window.accumulator.add(inputs, i, i + 1);
        window.changed = true;
        given.push(endUs - this.grid.sizeUs, endUs, window.accumulator, stream);
      }
      given.settle(stream);
      this.latestUs = Math.max(this.latestUs, time);
    }
    given.flush(stream, emit);
    this.close();
  }

  release(): void {}

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    yield ['lane', serialize({ latestUs: this.latestUs } satisfies Saved)];
    for (const name of this.closed.splice(0)) yield [name, null];
    for (const [endUs, window] of this.open) {
      if (!window.changed) continue;
      window.changed = false;
      window.saved = true;
      yield [PIECE + endUs, window.accumulator.save()];
    }
  }

  private get watermarkUs(): number {
    return this.latestUs - this.settings.graceUs;
  }

  private at(endUs: number): Open {
    let window = this.open.get(endUs);
    if (!window) {
      window = { accumulator: this.settings.aggregates.create(), changed: true, saved: false };
      this.open.set(endUs, window);
    }
    return window;
  }

  private close(): void {
    for (const [endUs, { saved }] of this.open) {
      if (endUs > this.watermarkUs) continue;
      this.open.delete(endUs);
      if (saved) this.closed.push(PIECE + endUs);
    }
  }
}
