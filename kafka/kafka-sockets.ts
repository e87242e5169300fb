import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

/** Finds a peer that vanished without a word, at last. */
const KEEP_ALIVE_MS = 60_000;

/**
 * The sockets of a kafkajs client, made as kafkajs makes its own, which can be cut. kafkajs disconnects only when every
 * request has its answer, and once it has begun to, no request times out any more: where a broker is silent it never
 * ends, and holds the socket.
 */
export class KafkaSockets {
  private readonly sockets = new Set<Socket>();
  private reason: Error | null = null;

  readonly open = ({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket => {
    const socket: Socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.reason) socket.destroy(this.reason);
    return socket;
  };

  /** Ends all of them at once; requests that wait for an answer fail. No further one is opened. */
  cut(reason: Error): void {
    this.reason = reason;
    // kafkajs hears of the end of a socket by 'end' or 'error', never by 'close'.
    for (const socket of this.sockets) socket.destroy(reason);
  }
}
