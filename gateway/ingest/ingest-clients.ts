import type { GatewayStore } from '../gateway-store.js';

/** Table of facts: client name → last durable sequence number (8 bytes, little-endian double). */
export const SEQUENCES_TABLE = 'ingest-sequences';

/** A named client of `/ingest` as the gateway knows it across connections. */
export interface IngestClient {
  readonly name: string;
  /** The last number that is durable. */
  durable: number;
  /** The last number that was taken, perhaps not durable yet. */
  accepted: number;
  /** The connection that speaks for it now; an older one is closed when a newer comes. */
  holder: { replaced(): void } | null;
}

/** Named clients with a connection, and those whose last cut is still on its way. */
export class IngestClients {
  private readonly clients = new Map<string, IngestClient>();

  constructor(private readonly store: GatewayStore) {}

  get(name: string): IngestClient {
    let client = this.clients.get(name);
    if (!client) {
      const durable = this.store.fact(SEQUENCES_TABLE, name)?.readDoubleLE(0) ?? 0;
      client = { name, durable, accepted: durable, holder: null };
      this.clients.set(name, client);
    }
    return client;
  }

  /** Forgets a client without a connection once nothing of it is on its way. */
  release(client: IngestClient): void {
    if (client.holder === null && client.accepted === client.durable) this.clients.delete(client.name);
  }
}
