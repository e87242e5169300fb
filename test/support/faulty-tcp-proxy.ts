import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ConnectionFault } from './connection-fault.js';

/** What a client sends between two answers is a request with rows in it when it has so many bytes; less is talk. */
const ROWS_BYTES = 1_500;

/** Between a client and a real server over TCP, whatever they speak: passes all on, but for the faults that it is told to make. */
export class FaultyTcpProxy {
  /** For the next requests with rows, one each; null: it goes through. */
  readonly faults: (ConnectionFault | null)[] = [];
  /** Faults that were made. */
  made = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(port: number, host = '127.0.0.1'): Promise<FaultyTcpProxy> {
    const server = createServer();
    const proxy = new FaultyTcpProxy(server);
    server.on('connection', (client) => proxy.join(client, connect(port, host)));
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(client: Socket, server: Socket): void {
    let asked = 0;
    let fault: ConnectionFault | null = null;
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', cut).on('close', cut);
      socket.once('close', () => this.sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      const isFirst = asked < ROWS_BYTES && asked + chunk.length >= ROWS_BYTES;
      asked += chunk.length;
      if (isFirst) fault = this.next();
      if (fault === 'no-request') return;
      if (fault !== 'half-request') server.write(chunk);
      else if (isFirst) server.write(chunk.subarray(0, chunk.length >> 1), cut);
    });
    server.on('data', (chunk) => {
      asked = 0;
      if (fault === 'no-answer' || fault === 'no-request') return;
      if (fault === 'lost-answer') cut();
      else if (fault === 'half-answer') client.write(chunk.subarray(0, chunk.length >> 1), cut);
      else client.write(chunk);
    });
  }

  private next(): ConnectionFault | null {
    const fault = this.faults.shift() ?? null;
    if (fault !== null) this.made++;
    return fault;
  }
}
