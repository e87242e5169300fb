import type { ByteBudget } from '../../core/byte-budget.js';
import type { GatewayStore } from '../gateway-store.js';
import type { Intake } from '../intake.js';
import type { SocketHandlerFactory, SocketRefusal, SocketRequest, SocketRoute } from '../listeners/http-listener.js';
import { IngestClients } from './ingest-clients.js';
import { type IngestEndpoint as Endpoint, IngestConnection } from './ingest-connection.js';

const WINDOW_BYTES_MIN = 64 * 1024;
const WINDOW_BYTES_MAX = 8 * 1024 * 1024;
/** Acks are small; a peer that leaves this many unread is not reading. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;
/** Connections that go on sending are ended when the memory budget is overrun by this factor. */
const OVERRUN = 1.25;
const CLIENT_NAME = /^[\w.:@/ -]{1,128}$/;

export interface IngestEndpointOptions {
  intake: Intake;
  store: GatewayStore;
  budget: ByteBudget;
  payloadBytesMax: number;
  connectionsMax: number;
}

/**
 * The WebSocket endpoint `/ingest`. Its flow control is the window: half of the memory budget is shared out over the
 * connections, since a WebSocket cannot be told to stop reading.
 */
export class IngestEndpoint implements Endpoint, SocketRoute {
  readonly intake: Intake;
  readonly clients: IngestClients;
  readonly payloadBytesMax: number;
  readonly unsentBytesMax = UNSENT_BYTES_MAX;
  readonly subprotocols = null;
  private closing = false;
  private readonly connections = new Set<IngestConnection>();

  constructor(private readonly options: IngestEndpointOptions) {
    this.intake = options.intake;
    this.clients = new IngestClients(options.store);
    this.payloadBytesMax = options.payloadBytesMax;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  windowBytes(): number {
    const share = this.options.budget.limitBytes / 2 / Math.max(1, this.connections.size);
    const room = this.options.budget.pressed ? share / 4 : share;
    return Math.max(WINDOW_BYTES_MIN, Math.min(WINDOW_BYTES_MAX, Math.floor(room)));
  }

  get overrun(): boolean {
    const { budget } = this.options;
    return budget.pressed && budget.usedBytes > budget.limitBytes * OVERRUN;
  }

  /** Takes no more frames, and resolves when those that were taken are answered, or after `withinMs`. */
  async close(withinMs: number): Promise<void> {
    this.closing = true;
    for (const connection of this.connections) connection.stopTaking();
    await this.intake.drain(withinMs);
  }

  accept(request: SocketRequest): SocketHandlerFactory | SocketRefusal {
    if (this.closing) return { status: 503, reason: 'the gateway is shutting down' };
    if (this.options.budget.pressed)
      return { status: 503, reason: 'the memory budget is used up; try again in a second' };
    if (this.connections.size >= this.options.connectionsMax) {
      return { status: 503, reason: `the limit of ${this.options.connectionsMax} connections is reached` };
    }
    const name = new URLSearchParams(request.query).get('client');
    if (name !== null && !CLIENT_NAME.test(name)) {
      return { status: 400, reason: '?client= takes 1 to 128 letters, digits, spaces and . : @ / _ -' };
    }
    return (peer) => {
      const connection = new IngestConnection(peer, this, name === null ? null : this.clients.get(name));
      this.connections.add(connection);
      return connection;
    };
  }

  left(connection: IngestConnection): void {
    this.connections.delete(connection);
  }
}
