import type { Accumulator, AggregateSet } from '../aggregates/aggregate-set.js';
import type { WindowGrid } from './window-grid.js';

const PIECE = 'pane-';

export interface Pane {
  readonly startUs: number;
  readonly endUs: number;
  readonly accumulator: Accumulator;
  /** Since the last checkpoint, and whether it is in one. */
  changed: boolean;
  saved: boolean;
}

/** The panes of a lane whose windows are open and that have rows, ascending. */
export class OpenPanes {
  private panes: Pane[] = [];
  /** Panes before this place are dropped already. */
  private head = 0;
  private dropped: string[] = [];

  constructor(
    private readonly aggregates: AggregateSet,
    private readonly grid: WindowGrid,
  ) {}

  /** The pane of a time, null when it has no rows. */
  at(timeUs: number): Pane | null {
    const last = this.panes.length - 1;
    if (last < this.head) return null;
    const newest = this.panes[last]!;
    if (timeUs >= newest.startUs) return timeUs < newest.endUs ? newest : null;
    const pane = this.panes[this.after(timeUs) - 1];
    return pane !== undefined && timeUs < pane.endUs ? pane : null;
  }

  /** Makes the pane of a time. */
  open(timeUs: number): Pane {
    const startUs = this.grid.paneStartUs(timeUs);
    const endUs = this.grid.paneEndUs(startUs);
    const pane = { startUs, endUs, accumulator: this.aggregates.create(), changed: true, saved: false };
    const newest = this.panes.at(-1);
    if (newest === undefined || newest.startUs < startUs) this.panes.push(pane);
    else this.panes.splice(this.after(startUs), 0, pane);
    return pane;
  }

  /** The first pane that is in a window with an end after a time. */
  firstIn(endsAfterUs: number): Pane | null {
    let low = this.head;
    let high = this.panes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.grid.lastEndUs(this.panes[middle]!.startUs) <= endsAfterUs) low = middle + 1;
      else high = middle;
    }
    return this.panes[low] ?? null;
  }

  /** All that is in a window; its only pane itself when there is one. */
  merged(startUs: number, endUs: number): Accumulator {
    const first = this.after(startUs - 1);
    const only = this.panes[first]!;
    const next = this.panes[first + 1];
    if (next === undefined || next.startUs >= endUs) return only.accumulator;
    const whole = this.aggregates.create();
    for (let i = first; i < this.panes.length && this.panes[i]!.startUs < endUs; i++) {
      whole.merge(this.panes[i]!.accumulator);
    }
    return whole;
  }

  dropBefore(startUs: number): void {
    while (this.head < this.panes.length && this.panes[this.head]!.startUs < startUs) {
      const pane = this.panes[this.head++]!;
      if (pane.saved) this.dropped.push(PIECE + pane.startUs);
    }
    if (this.head * 2 >= this.panes.length) {
      this.panes.splice(0, this.head);
      this.head = 0;
    }
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    for (const name of this.dropped.splice(0)) yield [name, null];
    for (let i = this.head; i < this.panes.length; i++) {
      const pane = this.panes[i]!;
      if (!pane.changed) continue;
      pane.changed = false;
      pane.saved = true;
      yield [PIECE + pane.startUs, pane.accumulator.save()];
    }
  }

  restore(pieces: ReadonlyMap<string, Uint8Array>): void {
    for (const [name, value] of pieces) {
      if (!name.startsWith(PIECE)) continue;
      const startUs = Number(name.slice(PIECE.length));
      const accumulator = this.aggregates.restore(value);
      this.panes.push({ startUs, endUs: this.grid.paneEndUs(startUs), accumulator, changed: false, saved: true });
    }
    this.panes.sort((a, b) => a.startUs - b.startUs);
  }

  /** The place of the first pane that starts after a time. */
  private after(timeUs: number): number {
    let low = this.head;
    let high = this.panes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.panes[middle]!.startUs <= timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
