import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { upperBound } from '../../columnar/kernels/bisect.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import type { Accumulator, AggregateInputs } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { HeldRows } from './held-rows.js';
import { OpenSessions, type Session } from './open-sessions.js';
import { holdsRows, type WindowSettings } from './window-settings.js';

interface Saved {
  stream: string;
  latestUs: number;
  releasedUs: number;
}

/** Sessions of one lane: rows less than `gapUs` apart. Rows that come out of order extend sessions and merge them. */
export class SessionWindows implements LaneState {
  lateRows = 0;
  private stream = '';
  private latestUs = -Infinity;
  /** The latest clock at which sessions were given as they stood. */
  private releasedUs = -Infinity;
  private readonly sessions: OpenSessions;
  private readonly held: HeldRows | null;
  private changed = false;

  constructor(
    private readonly settings: WindowSettings,
    private readonly gapUs: number,
    saved: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.sessions = new OpenSessions(settings.aggregates, gapUs);
    this.held = holdsRows(settings) ? new HeldRows(settings.context) : null;
    const lane = saved.get('lane');
    if (!lane) return;
    const { stream, latestUs, releasedUs } = deserialize(lane) as Saved;
    this.stream = stream;
    this.latestUs = latestUs;
    this.releasedUs = releasedUs;
    this.sessions.restore(saved);
    this.held?.restore(saved, this.watermarkUs + 1);
  }

  add(batch: Batch, emit: Emit): void {
    const { rows, timeUs } = batch;
    const { aggregates, updates } = this.settings;
    this.stream = batch.stream;
    const inputs = this.held === null ? aggregates.inputs(batch) : null;
    for (let i = 0; i < rows; ) {
      const session = this.sessions.reach(timeUs[i]!, this.watermarkUs);
      if (session === null) {
        this.lateRows++;
        i++;
        continue;
      }
      this.changed = true;
      const end = updates ? i + 1 : this.sessions.runEnd(session, timeUs, i, rows);
      session.lastUs = Math.max(session.lastUs, timeUs[end - 1]!);
      this.setDue(session);
      if (inputs !== null) session.accumulator.add(inputs, i, end);
      else this.held!.add(sliceRows(batch, i, end));
      if (updates) this.giveUpdate(session);
      this.latestUs = Math.max(this.latestUs, timeUs[end - 1]!);
      i = end;
    }
    if (this.held !== null) this.addInOrder(this.held.release(this.watermarkUs + 1));
    this.close(emit);
  }

  release(clockUs: number, emit: Emit): void {
    const { rows } = this.settings;
    for (const session of this.sessions.all) {
      if (session.dueUs > clockUs) continue;
      session.dueUs = Infinity;
      session.changed = true;
      rows.push(session.startUs, session.lastUs, this.asItStands(session), this.stream);
    }
    rows.flush(this.stream, emit);
    this.releasedUs = Math.max(this.releasedUs, clockUs);
    this.changed = true;
  }

  get dueUs(): number {
    let dueUs = Infinity;
    for (const session of this.sessions.all) dueUs = Math.min(dueUs, session.dueUs);
    return dueUs;
  }

  get heldUs(): number {
    return this.settings.updates ? Infinity : (this.sessions.all[0]?.startUs ?? Infinity);
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    const { stream, latestUs, releasedUs } = this;
    yield ['lane', serialize({ stream, latestUs, releasedUs } satisfies Saved)];
    yield* this.sessions.changes();
    if (this.held) yield* this.held.changes();
  }

  private get watermarkUs(): number {
    return this.latestUs - this.settings.graceUs;
  }

  /** A session that was given, and to which rows have come since, is due again when it has been idle once more. */
  private setDue(session: Session): void {
    if (this.settings.updates) return;
    const { graceUs, idleUs } = this.settings;
    const dueUs = session.lastUs + this.gapUs + graceUs + idleUs;
    if (dueUs > this.releasedUs) session.dueUs = dueUs;
    else if (session.dueUs === Infinity) session.dueUs = this.releasedUs + idleUs;
  }

  private addInOrder(released: readonly Batch[]): void {
    for (const batch of released) {
      const inputs = this.settings.aggregates.inputs(batch);
      for (let i = 0; i < batch.rows; ) {
        const session = this.sessions.of(batch.timeUs[i]!)!;
        const end = upperBound(batch.timeUs, session.lastUs, i, batch.rows);
        addRun(session, inputs, i, end);
        i = end;
      }
    }
  }

  private giveUpdate({ startUs, lastUs, accumulator }: Session): void {
    this.settings.rows.push(startUs, lastUs, accumulator, this.stream);
    this.settings.rows.settle(this.stream);
  }

  private close(emit: Emit): void {
    const { rows, updates } = this.settings;
    for (const session of this.sessions.takeClosed(this.watermarkUs)) {
      if (!updates && session.dueUs < Infinity) {
        rows.push(session.startUs, session.lastUs, session.accumulator, this.stream);
      }
    }
    rows.flush(this.stream, emit);
  }

  /** The session with all rows that came, also those that still wait for their order. */
  private asItStands({ startUs, lastUs, accumulator }: Session): Accumulator {
    if (this.held === null || this.held.headUs > lastUs) return accumulator;
    const { aggregates } = this.settings;
    const whole = aggregates.create();
    whole.merge(accumulator);
    for (const batch of this.held.between(startUs, lastUs + 1)) whole.add(aggregates.inputs(batch), 0, batch.rows);
    return whole;
  }
}

function addRun(session: Session, inputs: AggregateInputs, from: number, to: number): void {
  session.accumulator.add(inputs, from, to);
  session.changed = true;
}
