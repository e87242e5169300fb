import type { Acceptor } from '../accept.js';
import type { Source } from '../source.js';
import { decodeSession, Session, type StoredSession } from './session.js';

/** Facts: sessions by client id. */
export const SESSION_TABLE = 'mqtt-session';
/** Facts: QoS 2 packet identifiers whose message is stored and not released yet, `CLIENT\0ID`. */
export const QOS2_TABLE = 'mqtt-qos2';

const PRESENT = Uint8Array.of(1);

export interface OpenedSession {
  session: Session;
  /** Session Present of CONNACK. */
  present: boolean;
  /** The cut that must be durable before CONNACK may leave, 0 for none. */
  waitForCut: number;
}

/**
 * The sessions of all clients. One is in memory while its client is connected and until its facts are durable; the
 * others are facts alone, so clients that went away cost no memory.
 */
export class SessionStore {
  private readonly live = new Map<string, Session>();

  constructor(
    private readonly acceptor: Acceptor,
    private readonly now: () => number,
    /** Sessions that were connected when the gateway stopped count as ended then. */
    private readonly startedMs: number,
  ) {}

  open(clientId: string, cleanStart: boolean, expiryS: number, source: Source): OpenedSession {
    const existing = this.live.get(clientId) ?? this.load(clientId);
    if (existing && !cleanStart && existing.durable && !existing.removed) {
      existing.expiryS = expiryS;
      existing.owner = source;
      this.live.set(clientId, existing);
      this.store(existing, source, 0);
      return { session: existing, present: true, waitForCut: 0 };
    }
    // The client may use its identifiers anew at once, so what is known of the old ones must be gone before CONNACK.
    const waitForCut = existing?.durable ? this.remove(existing, source) : 0;
    const session = new Session(clientId, expiryS);
    session.owner = source;
    this.live.set(clientId, session);
    if (expiryS > 0) {
      session.durable = true;
      this.store(session, source, 0);
    }
    return { session, present: false, waitForCut };
  }

  /** Its connection has ended. */
  end(session: Session, source: Source): void {
    if (session.owner !== source) return;
    session.owner = null;
    if (session.expiryS > 0) this.store(session, source, this.now());
    else if (session.durable) this.remove(session, source);
    else this.drop(session);
  }

  /** A cut is durable, and the session has no connection: it leaves the memory when all of it is stored. */
  settle(session: Session, cut: number): void {
    if (session.owner === null && cut >= session.lastCut) this.drop(session);
  }

  /** Forgets what is in memory; the next CONNECT reads the facts. */
  drop(session: Session): void {
    if (this.live.get(session.clientId) === session) this.live.delete(session.clientId);
  }

  /** Its subscriptions have changed. */
  changed(session: Session, source: Source): void {
    if (session.durable) this.store(session, source, 0);
  }

  /** Notes that the message with this QoS 2 identifier is in the open cut; returns the cut to wait for. */
  hold(session: Session, id: number, source: Source, cut: number): number {
    session.heldIds.add(id);
    if (!session.durable) return cut;
    return (session.lastCut = this.acceptor.setFact(source, QOS2_TABLE, `${session.clientId}\0${id}`, PRESENT));
  }

  /** The client has released the identifier; returns the cut that must be durable before PUBCOMP leaves, 0 for none. */
  release(session: Session, id: number, source: Source): number {
    session.heldIds.delete(id);
    if (!session.durable) return 0;
    return (session.lastCut = this.acceptor.setFact(source, QOS2_TABLE, `${session.clientId}\0${id}`, null));
  }

  /** Removes the facts of sessions that have expired. */
  expire(source: Source): void {
    for (const [clientId, value] of this.acceptor.facts(SESSION_TABLE)) {
      if (this.live.has(clientId)) continue;
      const stored = decodeSession(value);
      if (stored && !this.hasExpired(stored)) continue;
      this.remove(this.revive(clientId, stored), source);
    }
  }

  private load(clientId: string): Session | null {
    const value = this.acceptor.fact(SESSION_TABLE, clientId);
    if (!value) return null;
    const stored = decodeSession(value);
    const session = this.revive(clientId, stored);
    session.removed = !stored || this.hasExpired(stored);
    return session;
  }

  private hasExpired({ expiryS, endedMs }: StoredSession): boolean {
    return (endedMs || this.startedMs) + expiryS * 1000 <= this.now();
  }

  private revive(clientId: string, stored: StoredSession | null): Session {
    const session = new Session(clientId, stored?.expiryS ?? 0);
    session.durable = true;
    for (const [filter, identifier] of stored?.subscriptions ?? []) {
      session.subscriptions.set(filter, { filter, identifier });
    }
    const prefix = `${clientId}\0`;
    for (const [key] of this.acceptor.facts(QOS2_TABLE, prefix)) session.heldIds.add(Number(key.slice(prefix.length)));
    return session;
  }

  private store(session: Session, source: Source, endedMs: number): void {
    session.lastCut = this.acceptor.setFact(source, SESSION_TABLE, session.clientId, session.encode(endedMs));
  }

  private remove(session: Session, source: Source): number {
    for (const id of session.heldIds) this.acceptor.setFact(source, QOS2_TABLE, `${session.clientId}\0${id}`, null);
    session.lastCut = this.acceptor.setFact(source, SESSION_TABLE, session.clientId, null);
    session.removed = true;
    return session.lastCut;
  }
}
