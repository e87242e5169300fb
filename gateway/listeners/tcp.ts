import { createServer, type Socket } from 'node:net';
import type { Logger } from '../../core/logger.js';
import type { Transport, TransportHandler } from '../mqtt/transport.js';
import { cannotBind } from './cannot-bind.js';

export interface TcpListenerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Takes each connection. */
  server: { attach(transport: Transport): TransportHandler; readonly logger: Logger };
}

export interface TcpListener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Takes no more connections; resolves when those there were are closed. What has not ended by itself is cut off. */
  close(): Promise<void>;
}

/** A peer that does not close its side after we have ended ours is cut off. */
const LINGER_MS = 2000;
const KEEP_ALIVE_PROBE_MS = 60_000;
const WARN_EVERY_MS = 10_000;

/** Listens on TCP and hands every socket to `server`. */
export async function listenTcp({ host, port, server }: TcpListenerOptions): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  const listener = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
    (socket) => {
      sockets.add(socket);
      const handler = server.attach(new SocketTransport(socket));
      socket.on('data', (chunk: Buffer) => handler.receive(chunk));
      socket.on('drain', () => handler.drained());
      // The error is the cause of the close event that follows.
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        handler.closed();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error) => reject(cannotBind('gateway.mqtt', host, port, cause));
    listener.once('error', refuse);
    listener.listen(port, host, () => {
      listener.off('error', refuse);
      resolve();
    });
  });
  // An accept that failed, as without file descriptors, costs that connection and not the gateway.
  let warnedMs = Number.NEGATIVE_INFINITY;
  listener.on('error', (error) => {
    const nowMs = performance.now();
    if (nowMs - warnedMs < WARN_EVERY_MS) return;
    warnedMs = nowMs;
    server.logger.warn('a connection could not be accepted', { error: error.message });
  });
  const bound = listener.address() as { address: string; port: number; family: string };
  return {
    address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: async () => {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      listener.close();
      // Those that have been ended are cut off in time.
      for (const socket of sockets) if (!socket.writableEnded) socket.destroy();
      await Promise.all(closed);
    },
  };
}

class SocketTransport implements Transport {
  readonly canPause = true;
  readonly remoteAddress: string;

  constructor(private readonly socket: Socket) {
    this.remoteAddress = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }
  write(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }
  end(): void {
    // Still reading, so that bytes on their way do not turn our last words into a reset.
    this.socket.end();
    this.socket.resume();
    cutOffLater(this.socket);
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
}

function cutOffLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
