import type { Acceptor } from '../accept.js';
import type { Source } from '../source.js';
import type { Will } from './codec/connect.js';

interface Waiting {
  timer: NodeJS.Timeout;
  publish: () => void;
}

/**
 * Wills: messages the clients left to be published when their connection ends without a DISCONNECT. They are stored
 * like any other message. A delayed will is held in memory; one that still waits when the gateway stops is published
 * then, one that waits when it is killed is lost.
 */
export class Wills {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly acceptor: Acceptor) {}

  /** The connection has ended and left `will`; `sessionExpiryS` bounds its delay ([MQTT-3.1.3-9]). */
  leave(clientId: string, will: Will, sessionExpiryS: number, source: Source): void {
    const publish = () => {
      this.acceptor.accept(source, will.topic, will.payload, will.contentType);
    };
    const delayS = Math.min(will.delayS, sessionExpiryS);
    if (delayS === 0) {
      publish();
      return;
    }
    this.settle(clientId, true);
    const timer = setTimeout(() => this.settle(clientId, true), Math.min(delayS * 1000, 0x7fffffff));
    timer.unref();
    this.waiting.set(clientId, { timer, publish });
  }

  /** The client is back: its waiting will is dropped, or published when its old session has ended. */
  settle(clientId: string, publish: boolean): void {
    const will = this.waiting.get(clientId);
    if (!will) return;
    this.waiting.delete(clientId);
    clearTimeout(will.timer);
    if (publish) will.publish();
  }

  close(): void {
    for (const clientId of [...this.waiting.keys()]) this.settle(clientId, true);
  }
}
