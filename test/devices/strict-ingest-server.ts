import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { readPacked } from '../../schemas/read-packed.js';

export interface StrictOptions {
  windowBytes: number;
  /** Frames that are answered together. */
  ackEvery?: number;
  /** Ends the connection without a word after so many frames of it. */
  dieAfter?: number;
  /** Refuses these numbers. */
  refuse?: readonly number[];
  /** Announces this window with the first ack. */
  nextWindowBytes?: number;
}

/**
 * The server's side of `/ingest`, held to the letter: it notes every breach of the window, of the numbering and of the
 * description of schemas. Frames are stored when they are acknowledged; what was stored is remembered by client name.
 */
export class StrictIngestServer {
  readonly faults: string[] = [];
  /** Numbers in the order they were stored, and the frames. */
  readonly stored: number[] = [];
  readonly frames: (Buffer | string)[] = [];
  connections = 0;
  options: StrictOptions;
  private durable = 0;
  private readonly server: WebSocketServer;

  private constructor(port: number, options: StrictOptions) {
    this.options = options;
    this.server = new WebSocketServer({ host: '127.0.0.1', port, path: '/ingest' });
    this.server.on('connection', (socket) => this.connection(socket));
  }

  static async start(options: StrictOptions, port = 0): Promise<StrictIngestServer> {
    const server = new StrictIngestServer(port, options);
    await once(server.server, 'listening');
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get url(): string {
    return `ws://127.0.0.1:${this.port}/ingest`;
  }

  async stop(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connection(socket: WebSocket): void {
    this.connections++;
    const { ackEvery = 1, dieAfter = Number.POSITIVE_INFINITY, refuse = [] } = this.options;
    let { windowBytes } = this.options;
    const described = new Set<number>();
    let held: { seq: number; bytes: number; frame: Buffer | string }[] = [];
    let taken = 0;
    let last = this.durable;
    let hasAnnounced = false;
    socket.send(JSON.stringify({ hello: { version: 1, windowBytes, resume: this.durable } }));
    const answer = () => {
      for (const { seq, frame } of held) {
        if (refuse.includes(seq)) {
          socket.send(JSON.stringify({ reject: { seq, code: 'bad-payload', reason: 'refused by the test' } }));
        }
        this.stored.push(seq);
        this.frames.push(frame);
        this.durable = seq;
      }
      held = [];
      const { nextWindowBytes } = this.options;
      const announce = nextWindowBytes !== undefined && !hasAnnounced;
      hasAnnounced = true;
      if (announce) windowBytes = nextWindowBytes;
      socket.send(JSON.stringify({ ack: this.durable, ...(announce && { windowBytes }) }));
    };
    socket.on('message', (data: Buffer, isBinary) => {
      if (++taken > dieAfter) return socket.terminate();
      let seq: number;
      if (isBinary) {
        const packed = readPacked(data);
        seq = packed.seq;
        if (packed.columns.length > 0) described.add(packed.schema);
        else if (!described.has(packed.schema))
          this.faults.push(`frame ${seq} uses schema ${packed.schema} before it was described`);
      } else seq = JSON.parse(data.toString()).seq;
      if (seq !== last + 1) this.faults.push(`frame ${seq} follows ${last}`);
      last = seq;
      held.push({ seq, bytes: data.length, frame: isBinary ? Buffer.from(data) : data.toString() });
      const bytes = held.reduce((sum, one) => sum + one.bytes, 0);
      if (bytes > windowBytes)
        this.faults.push(`${bytes} bytes in flight at frame ${seq}; the window is ${windowBytes}`);
      // Answers come in a later turn, as after a commit; a full window is answered too, or nobody would move.
      if (held.length >= ackEvery || bytes > windowBytes / 2) setImmediate(() => held.length > 0 && answer());
      else setTimeout(() => held.length > 0 && answer(), 5);
    });
  }
}
