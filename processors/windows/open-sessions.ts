import { deserialize, serialize } from 'node:v8';
import type { Accumulator, AggregateSet } from '../aggregates/aggregate-set.js';

const PIECE = 'session-';

export interface Session {
  startUs: number;
  /** The time of its last row. */
  lastUs: number;
  /** The clock at which it is given as it stands; Infinity when it was, and nothing came since. */
  dueUs: number;
  accumulator: Accumulator;
  readonly id: number;
  /** Since the last checkpoint, and whether it is in one. */
  changed: boolean;
  saved: boolean;
}

type SavedSession = Pick<Session, 'startUs' | 'lastUs' | 'dueUs'> & { values: Uint8Array };

/** The open sessions of a lane, ascending, each at least the gap from the next. */
export class OpenSessions {
  readonly all: Session[] = [];
  private dropped: string[] = [];
  private ids = 0;

  constructor(
    private readonly aggregates: AggregateSet,
    private readonly gapUs: number,
  ) {}

  /**
   * The session that a row of this time belongs to, reaching to it: made where there is none, and merged where the row
   * joins two. Null when the row is late: no open session is near, and one of its own would be closed.
   */
  reach(timeUs: number, watermarkUs: number): Session | null {
    const after = this.after(timeUs);
    const before = this.all[after - 1];
    const next = this.all[after];
    const nearBefore = before !== undefined && timeUs - before.lastUs < this.gapUs;
    const nearNext = next !== undefined && next.startUs - timeUs < this.gapUs;
    if (!nearBefore && !nearNext) {
      if (timeUs + this.gapUs <= watermarkUs) return null;
      const session = this.create(timeUs);
      this.all.splice(after, 0, session);
      return session;
    }
    if (nearBefore && nearNext) this.merge(before, next, after);
    const session = nearBefore ? before : next!;
    session.startUs = Math.min(session.startUs, timeUs);
    session.changed = true;
    return session;
  }

  /** The end of the run of rows from `from` on that only move the end of the session forward. */
  runEnd(session: Session, timeUs: Float64Array, from: number, rows: number): number {
    const next = this.all[this.after(timeUs[from]!)];
    const beforeUs = next === undefined ? Infinity : next.startUs - this.gapUs;
    let lastUs = Math.max(session.lastUs, timeUs[from]!);
    let end = from + 1;
    while (end < rows && timeUs[end]! - lastUs < this.gapUs && timeUs[end]! <= beforeUs) {
      lastUs = Math.max(lastUs, timeUs[end]!);
      end++;
    }
    return end;
  }

  /** The session that has rows around a time. */
  of(timeUs: number): Session | null {
    return this.all[this.after(timeUs) - 1] ?? null;
  }

  /** Takes out the sessions that no row after the watermark can reach. */
  takeClosed(watermarkUs: number): Session[] {
    let closed = 0;
    while (closed < this.all.length && this.all[closed]!.lastUs + this.gapUs <= watermarkUs) closed++;
    if (closed === 0) return [];
    const sessions = this.all.splice(0, closed);
    for (const session of sessions) this.drop(session);
    return sessions;
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    for (const name of this.dropped.splice(0)) yield [name, null];
    for (const session of this.all) {
      if (!session.changed) continue;
      session.changed = false;
      session.saved = true;
      const { startUs, lastUs, dueUs, accumulator, id } = session;
      yield [PIECE + id, serialize({ startUs, lastUs, dueUs, values: accumulator.save() } satisfies SavedSession)];
    }
  }

  restore(pieces: ReadonlyMap<string, Uint8Array>): void {
    for (const [name, value] of pieces) {
      if (!name.startsWith(PIECE)) continue;
      const id = Number(name.slice(PIECE.length));
      const { values, ...times } = deserialize(value) as SavedSession;
      this.all.push({ ...times, accumulator: this.aggregates.restore(values), id, changed: false, saved: true });
      this.ids = Math.max(this.ids, id + 1);
    }
    this.all.sort((a, b) => a.startUs - b.startUs);
  }

  private create(timeUs: number): Session {
    const accumulator = this.aggregates.create();
    const id = this.ids++;
    return { startUs: timeUs, lastUs: timeUs, dueUs: Infinity, accumulator, id, changed: true, saved: false };
  }

  private merge(into: Session, from: Session, place: number): void {
    into.accumulator.merge(from.accumulator);
    into.lastUs = from.lastUs;
    into.dueUs = Math.min(into.dueUs, from.dueUs);
    this.all.splice(place, 1);
    this.drop(from);
  }

  private drop(session: Session): void {
    if (session.saved) this.dropped.push(PIECE + session.id);
  }

  /** The place of the first session that starts after a time. */
  private after(timeUs: number): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.all[middle]!.startUs <= timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
