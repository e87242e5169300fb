import type { ByteBudget } from '../../core/byte-budget.js';
import type { Connection } from './connection.js';
import { UNFINISHED_PACKET_MS } from './mqtt-limits.js';
import { REASON } from './reason-codes.js';

/**
 * Stops reading when the memory budget is used up. Where it is used up by unfinished packets alone, which would never
 * let go of it if all connections were stopped, one at a time may go on until its packet is whole. As long as something
 * is on its way to the disk nobody may: that memory comes back by itself.
 */
export class Pressure {
  private going: Connection | null = null;
  private goingSinceMs = 0;
  private readonly stopListening: () => void;

  constructor(
    private readonly budget: ByteBudget,
    private readonly connections: ReadonlySet<Connection>,
    private readonly now: () => number,
  ) {
    this.stopListening = budget.onChange((pressed) => this.change(pressed));
  }

  /** `connection` has read a chunk; `finished` when that completed a packet. */
  hasRead(connection: Connection, finished: boolean): void {
    if (!this.budget.pressed || this.going !== connection || !finished) return;
    connection.stopReading('budget');
    this.going = null;
    this.choose();
  }

  hasEnded(connection: Connection): void {
    if (this.going !== connection) return;
    this.going = null;
    this.choose();
  }

  /** Looks again whether one has to go on, and ends it if it may and does not. */
  check(nowMs: number): void {
    if (this.going === null) this.choose();
    if (this.going && nowMs - this.goingSinceMs > UNFINISHED_PACKET_MS) {
      this.going.end(REASON.quotaExceeded, 'the gateway is short of memory and the packet does not go on');
    }
  }

  close(): void {
    this.stopListening();
  }

  private change(pressed: boolean): void {
    this.going = null;
    for (const connection of this.connections) {
      if (pressed) connection.stopReading('budget');
      else connection.readOn('budget');
    }
    if (pressed) this.choose();
  }

  private choose(): void {
    if (!this.budget.pressed) return;
    let all = 0;
    let most = 0;
    let fullest: Connection | null = null;
    for (const connection of this.connections) {
      const { partialBytes } = connection;
      all += partialBytes;
      if (partialBytes <= most) continue;
      most = partialBytes;
      fullest = connection;
    }
    if (all < this.budget.usedBytes / 2) return;
    this.going = fullest;
    this.goingSinceMs = this.now();
    fullest?.readOn('budget');
  }
}
