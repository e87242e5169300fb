import type { ByteBudget } from '../../core/byte-budget.js';
import type { Connection } from './connection.js';
import { UNFINISHED_PACKET_MS } from './mqtt-limits.js';
import { REASON } from './reason-codes.js';

/**
 * Stops reading when the memory budget is used up. One connection at a time that is in the middle of a packet may go
 * on until that packet is whole: unfinished packets hold memory too, and if all were stopped none would ever let go.
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
    if (!this.budget.pressed) return;
    if (this.going === connection && finished) {
      connection.stopReading('budget');
      this.going = null;
    }
    if (this.going === null) this.choose();
  }

  hasEnded(connection: Connection): void {
    if (this.going !== connection) return;
    this.going = null;
    this.choose();
  }

  /** Ends a connection that may go on and does not. */
  check(nowMs: number): void {
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
    let most = 0;
    for (const connection of this.connections) {
      if (connection.partialBytes <= most) continue;
      most = connection.partialBytes;
      this.going = connection;
    }
    this.goingSinceMs = this.now();
    this.going?.readOn('budget');
  }
}
