import type { Source } from '../source.js';
import { PacketIds } from './packet-ids.js';

export interface KeptSubscription {
  filter: string;
  /** 0: none. */
  identifier: number;
}

/** What of a client outlives its connection: the QoS 2 identifiers it has not released, and its subscriptions. */
export class Session {
  readonly heldIds = new PacketIds();
  readonly subscriptions = new Map<string, KeptSubscription>();
  /** The connection it belongs to now. */
  owner: Source | null = null;
  /** Facts about it are stored, or on their way: whatever changes has to be stored too. */
  durable = false;
  /** It has ended, and its facts are being removed. */
  removed = false;
  /** The cut of its last fact. */
  lastCut = 0;

  constructor(
    readonly clientId: string,
    /** Seconds it lives without a connection; 0: ends with it. */
    public expiryS: number,
  ) {}

  /** As the value of a fact. `endedMs` 0: connected, or so it was when the gateway stopped. */
  encode(endedMs: number): Buffer {
    const subscriptions = [...this.subscriptions.values()].map(({ filter, identifier }) => [filter, identifier]);
    return Buffer.from(JSON.stringify({ expiryS: this.expiryS, endedMs, subscriptions }));
  }
}

export interface StoredSession {
  expiryS: number;
  endedMs: number;
  subscriptions: [filter: string, identifier: number][];
}

/** Reads the value of a session's fact; null when it is not one. */
export function decodeSession(value: Buffer): StoredSession | null {
  try {
    const stored = JSON.parse(value.toString()) as StoredSession;
    return typeof stored.expiryS === 'number' && Array.isArray(stored.subscriptions) ? stored : null;
  } catch {
    return null;
  }
}
