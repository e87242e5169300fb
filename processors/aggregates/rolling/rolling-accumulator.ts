import { lowerBound, upperBound } from '../../../columnar/kernels/bisect.js';
import { TEXT } from '../kind.js';
import { boxedFor, formFor, type Layout } from '../layout.js';
import type { ResultColumns, Results } from '../result-columns.js';
import type { AggregateInputs } from '../row-arguments.js';
import { meetKinds } from '../slot-accumulator.js';
import type { StepPlace } from '../step-place.js';
import { BoxedRolling } from './boxed-rolling.js';
import { FlatRolling } from './flat-rolling.js';
import { ForgettingRolling } from './forgetting-rolling.js';
import { KeptRows } from './kept-rows.js';
import { RollingPieces, readPieces, type WindowState } from './rolling-pieces.js';
import type { Appended, Reader, RollingState } from './rolling-state.js';

/**
 * Rolling aggregates over (t - overUs, t], per row, the row itself included; of equal stamps a row sees those that came
 * before it. A row costs the same for windows of any length when it comes in order; one that comes late costs in
 * proportion to its window at most, and to how late it is where that is less.
 */
export interface RollingAccumulator {
  /**
   * All rows of the inputs, ascending; may begin before where the last ended (a row that is older than the latest sees
   * the kept rows of (t - overUs, t]; rows already given are not corrected; later rows see it). One result a row.
   */
  add(inputs: AggregateInputs): Results;
  /** Rows kept: those of (latest - overUs, latest]. */
  readonly rows: number;
  /** What changed since the last call as named pieces, null = removed; a piece has so many rows at most. */
  changes(): Iterable<[name: string, value: Uint8Array | null]>;
  /** Another with the same rows, which goes its own way from here. Costs as much as there are rows. */
  copy(): RollingAccumulator;
}

export class RollingRows implements RollingAccumulator {
  private readonly kept: KeptRows;
  private kinds: Uint8Array;
  private lastKinds: Uint8Array | null = null;
  private states: RollingState[] = [];
  /** What reads the states, a reader a call. */
  private readers: Reader[] = [];
  private readonly appended: Appended = { start: 0, count: 0, heads: new Int32Array(64), mids: new Int32Array(64) };
  private latestUs = -Infinity;
  /** Where the front of the window ends: see `RollingState`. */
  private mid = 0;
  private readonly pieces: RollingPieces;
  private unsaved = false;

  constructor(
    private readonly layout: Layout,
    private readonly resultColumns: ResultColumns,
    private readonly place: StepPlace,
    private readonly overUs: number,
    saved: ReadonlyMap<string, Uint8Array> | null = null,
  ) {
    const restored = saved && readPieces(saved, layout.args.length);
    this.kept = restored?.rows ?? new KeptRows(layout.args.length);
    this.kinds = restored?.state.kinds ?? new Uint8Array(layout.args.length);
    this.pieces = new RollingPieces(restored?.state ?? null);
    if (restored) {
      this.latestUs = restored.state.latestUs;
      this.mid = restored.state.mid - this.kept.origin;
    }
    this.makeStates();
  }

  get rows(): number {
    return this.kept.tail - this.kept.head;
  }

  add(inputs: AggregateInputs): Results {
    if (inputs.kinds !== this.lastKinds) {
      this.meet(inputs.kinds);
      this.lastKinds = inputs.kinds;
    }
    const { rows, timeUs } = inputs;
    const cells = this.resultColumns.cells(this.kinds, rows);
    for (let c = 0; c < cells.length; c++) this.readers[c]!.cells = cells[c]!;
    const late = lowerBound(timeUs, this.latestUs, 0, rows);
    const expired = upperBound(timeUs, this.latestUs - this.overUs, 0, late);
    if (expired > 0) {
      this.each((state) => {
        for (let row = 0; row < expired; row++) state.alone(inputs, row);
      });
    }
    if (expired < late) this.insert(inputs, expired, late);
    if (late < rows) this.append(inputs, late, rows);
    this.unsaved = true;
    return this.resultColumns.of(cells, rows);
  }

  changes(): Iterable<[name: string, value: Uint8Array | null]> {
    if (!this.unsaved) return [];
    this.unsaved = false;
    return [...this.pieces.take(this.kept, this.window)];
  }

  copy(): RollingAccumulator {
    const { layout, resultColumns, place, overUs } = this;
    const pieces = new Map<string, Uint8Array>();
    for (const [name, value] of new RollingPieces(null).take(this.kept, this.window)) {
      if (value !== null) pieces.set(name, value);
    }
    return new RollingRows(layout, resultColumns, place, overUs, pieces);
  }

  private get window(): WindowState {
    const { kept, kinds, latestUs } = this;
    const { origin } = kept;
    return { kinds, latestUs, head: kept.head + origin, mid: this.mid + origin, tail: kept.tail + origin };
  }

  private append(inputs: AggregateInputs, from: number, to: number): void {
    const { kept, overUs } = this;
    this.reserve(to - from);
    const start = kept.tail;
    this.pieces.changed(start + kept.origin);
    kept.append(inputs, from, to);
    const { timeUs } = kept;
    const { heads, mids } = this.room(start, to - from);
    let { head } = kept;
    let { mid } = this;
    for (let i = 0; i < to - from; i++) {
      const since = timeUs[start + i]! - overUs;
      while (timeUs[head]! <= since) head++;
      // All of the front has left: what was the back becomes the front.
      if (head > mid) mid = start + i + 1;
      heads[i] = head;
      mids[i] = mid;
    }
    this.each((state) => state.append(kept, this.appended, from));
    kept.head = head;
    this.mid = mid;
    this.latestUs = timeUs[kept.tail - 1]!;
  }

  /** Rows that are older than the latest, and still within the window that ends there. */
  private insert(inputs: AggregateInputs, from: number, to: number): void {
    const { kept } = this;
    this.reserve(to - from);
    const places = kept.insert(inputs, from, to);
    this.pieces.changed(places[0]! + kept.origin);
    for (const place of places) if (place < this.mid) this.mid++;
    const lows = places.map((place) => upperBound(kept.timeUs, kept.timeUs[place]! - this.overUs, kept.head, place));
    this.each((state) => {
      state.insert(kept, places, this.mid);
      state.late(kept, places, lows, this.mid, from);
    });
  }

  private room(start: number, count: number): Appended {
    const { appended } = this;
    appended.start = start;
    appended.count = count;
    if (appended.heads.length < count) {
      appended.heads = new Int32Array(count * 2);
      appended.mids = new Int32Array(count * 2);
    }
    return appended;
  }

  private reserve(more: number): void {
    const shift = this.kept.reserve(more);
    this.mid -= shift;
    if (shift > 0) for (const state of this.states) state.shift(shift);
  }

  /** Where an argument turns out to be a text, the states begin anew over the rows that are kept. */
  private meet(kinds: Uint8Array): void {
    const joined = meetKinds(this.kinds, kinds, this.layout, this.place);
    if (joined === this.kinds) return;
    joined.forEach((kind, arg) => {
      if (kind === TEXT) this.kept.startTexts(arg);
    });
    const before = this.kinds;
    this.kinds = joined;
    if (this.layout.states.some((state) => boxedFor(state, before) !== boxedFor(state, joined))) this.makeStates();
  }

  private makeStates(): void {
    this.states = this.layout.states.map((slot): RollingState => {
      const boxed = boxedFor(slot, this.kinds);
      if (boxed === null) return new FlatRolling(slot.flat!, slot.args);
      return boxed.remove ? new ForgettingRolling(boxed, slot.args) : new BoxedRolling(boxed, slot.args);
    });
    const cells = this.resultColumns.cells(this.kinds, 0);
    this.readers = this.layout.calls.map((call, c) => {
      const form = formFor(call, this.kinds);
      const reader = { form, constants: call.call.constants, cells: cells[c]! };
      this.states[call.state]!.readers.push(reader);
      return reader;
    });
    this.each((state) => state.rebuild(this.kept, this.mid));
  }

  private each(act: (state: RollingState) => void): void {
    for (let s = 0; s < this.states.length; s++) {
      try {
        act(this.states[s]!);
      } catch (cause) {
        throw this.place.failed(this.layout.states[s]!.place, cause);
      }
    }
  }
}
