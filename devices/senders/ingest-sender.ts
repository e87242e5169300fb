import WebSocket from 'ws';
import type { PitwallError } from '../../core/errors.js';
import { unusable } from './gateway-fault.js';
import { type IngestFrame, IngestFrames } from './ingest-frames.js';
import { ReconnectDelay } from './reconnect-delay.js';
import { messageRows, type Outgoing, REASONS_MAX, type Sender, type SenderReport, type WireFormat } from './sender.js';
import { countAnswer, countMessage, newReport } from './sender-report.js';

export interface IngestSenderOptions {
  /** `ws://HOST:PORT/ingest`; user and password in it become HTTP Basic. */
  url: string;
  format: WireFormat;
  /** The name under which the gateway remembers what it has: nothing is stored twice, across restarts of either side. */
  client: string;
  /**
   * What numbers mean when the gateway knows the client already. `continue` counts on from its last number: these are
   * new messages. `skip`: the n-th message of this run is the n-th of the earlier one, and what is durable is not sent.
   */
  known: 'continue' | 'skip';
  giveUpMs: number;
}

interface Entry {
  seq: number;
  frame: IngestFrame;
  /** Of the frame as it was last sent. */
  bytes: number;
  rows: number;
  /** When it was first sent; 0 before. */
  sentMs: number;
  refusal: string | null;
  /** Who waits for it to leave. */
  waiter: Waiter | null;
}

interface Waiter {
  resolve(): void;
  reject(error: PitwallError): void;
}

/** Close codes of the gateway after which another attempt would end in the same way. */
const FINAL_CLOSE_CODES = [1008, 4008, 4009];

/**
 * Sends over the WebSocket `/ingest`. Never more bytes unacknowledged than the gateway's window; only when nothing is in
 * flight may one frame be larger than it, since otherwise a window that shrank would stop the sender for ever.
 */
export class IngestSender implements Sender {
  readonly report: SenderReport = newReport();
  private readonly frames: IngestFrames;
  private readonly delay: ReconnectDelay;
  /** Unanswered entries in order; the first `sent` of them are on this connection. */
  private entries: Entry[] = [];
  private sent = 0;
  private inFlightBytes = 0;
  private windowBytes = 0;
  private nextSeq = 0;
  private skipTo = 0;
  private socket: WebSocket | null = null;
  private isReady = false;
  private isClosing = false;
  private timer: NodeJS.Timeout | null = null;
  private failure: PitwallError | null = null;
  private opening: Waiter | null = null;
  private drainers: Waiter[] = [];

  constructor(private readonly options: IngestSenderOptions) {
    this.frames = new IngestFrames(options.format);
    this.delay = new ReconnectDelay(options.giveUpMs);
  }

  get pending(): number {
    return this.entries.length;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.opening = { resolve, reject };
      this.connect();
    });
  }

  send(message: Outgoing): Promise<void> | undefined {
    if (this.failure) return Promise.reject(this.failure);
    countMessage(this.report, message);
    const seq = ++this.nextSeq;
    const rows = messageRows(message);
    if (seq <= this.skipTo) {
      this.report.acknowledged++;
      this.report.rowsAcknowledged += rows;
      return undefined;
    }
    const frame = this.frames.write(message, seq);
    const entry: Entry = { seq, frame, bytes: 0, rows, sentMs: 0, refusal: null, waiter: null };
    this.entries.push(entry);
    this.pump();
    if (entry.sentMs > 0) return undefined;
    return new Promise((resolve, reject) => {
      entry.waiter = { resolve, reject };
    });
  }

  async drain(): Promise<void> {
    if (this.failure) throw this.failure;
    if (this.entries.length > 0) await new Promise<void>((resolve, reject) => this.drainers.push({ resolve, reject }));
  }

  close(): Promise<void> {
    this.isClosing = true;
    if (this.timer) clearTimeout(this.timer);
    const { socket } = this;
    if (!socket || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(() => socket.terminate(), 2000);
      socket.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      socket.close(1000);
    });
  }

  private connect(): void {
    const url = new URL(this.options.url);
    url.searchParams.set('client', this.options.client);
    const auth = url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined;
    url.username = url.password = '';
    // Masks guard proxies against hostile pages; a zero mask is allowed and saves a pass over every byte.
    const options = {
      perMessageDeflate: false,
      auth,
      handshakeTimeout: 5000,
      generateMask: (mask: Buffer) => mask.fill(0),
    };
    const socket = new WebSocket(url, options as WebSocket.ClientOptions);
    this.socket = socket;
    let why: Error | null = null;
    let status = 0;
    socket.on('unexpected-response', (request, response) => {
      status = response.statusCode ?? 0;
      why = new Error(`HTTP ${status} ${response.statusMessage ?? ''}`.trim());
      request.destroy();
    });
    socket.on('error', (error) => (why ??= error));
    socket.on('message', (data: Buffer) => this.receive(data));
    socket.on('close', (code, reason) => {
      if (this.socket !== socket) return;
      this.lost();
      if (this.isClosing || this.failure) return;
      const text = why?.message || `closed with ${code}${reason.length > 0 ? ` (${reason})` : ''}`;
      const isFinal = FINAL_CLOSE_CODES.includes(code) || (status >= 400 && status < 500);
      if (isFinal || (this.opening && status !== 503)) this.fail(text);
      else this.reconnect(text);
    });
  }

  /** What was sent and not answered goes back before what waits. */
  private lost(): void {
    this.isReady = false;
    this.sent = 0;
    this.inFlightBytes = 0;
  }

  private reconnect(why: string): void {
    const pause = this.delay.next();
    if (pause === null) this.fail(`${why}; gave up after ${this.options.giveUpMs} ms`);
    else this.timer = setTimeout(() => this.connect(), pause);
  }

  private receive(data: Buffer): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(data.toString());
    } catch {
      this.fail('it sent a frame that is no JSON');
      return;
    }
    if (message.hello) this.hello(message.hello as { windowBytes: number; resume?: number });
    if (typeof message.windowBytes === 'number') this.windowBytes = message.windowBytes;
    if (message.reject) this.refused(message.reject as { seq: number; code: string; reason: string });
    if (message.reject || typeof message.ack === 'number') this.answered(Number(message.ack ?? 0));
    this.pump();
  }

  private hello({ windowBytes, resume = 0 }: { windowBytes: number; resume?: number }): void {
    this.windowBytes = windowBytes;
    this.frames.reset();
    if (this.opening) {
      if (this.options.known === 'skip') this.skipTo = resume;
      else this.nextSeq = resume;
      this.opening.resolve();
      this.opening = null;
    } else {
      this.report.reconnects++;
      this.answered(resume);
    }
    this.delay.reset();
    this.isReady = true;
  }

  private answered(ack: number): void {
    let count = 0;
    while (count < this.entries.length) {
      const entry = this.entries[count]!;
      if (entry.sentMs === 0 || (entry.seq > ack && entry.refusal === null)) break;
      countAnswer(this.report, entry.rows, entry.sentMs, entry.refusal);
      if (count < this.sent) this.inFlightBytes -= entry.bytes;
      count++;
    }
    if (count === 0) return;
    this.entries = this.entries.slice(count);
    this.sent = Math.max(0, this.sent - count);
    if (this.entries.length > 0) return;
    for (const { resolve } of this.drainers) resolve();
    this.drainers = [];
  }

  private refused({ seq, code, reason }: { seq: number; code: string; reason: string }): void {
    const entry = this.entries[seq - (this.entries[0]?.seq ?? 0)];
    if (entry) entry.refusal = `${code}: ${reason}`;
    else if (this.report.reasons.length < REASONS_MAX) this.report.reasons.push(`${code}: ${reason}`);
  }

  private pump(): void {
    while (this.isReady && this.sent < this.entries.length) {
      const entry = this.entries[this.sent]!;
      const data = this.frames.ready(entry.frame);
      const bytes = Buffer.byteLength(data);
      if (this.inFlightBytes > 0 && this.inFlightBytes + bytes > this.windowBytes) return;
      this.socket!.send(data);
      this.frames.left(entry.frame);
      entry.bytes = bytes;
      this.sent++;
      this.inFlightBytes += bytes;
      this.report.bytes += bytes;
      if (entry.sentMs === 0) entry.sentMs = performance.now();
      entry.waiter?.resolve();
      entry.waiter = null;
    }
  }

  private fail(why: string): void {
    const error = unusable(this.options.url, why);
    this.failure = error;
    this.opening?.reject(error);
    this.opening = null;
    for (const { waiter } of this.entries) waiter?.reject(error);
    for (const { reject } of this.drainers) reject(error);
    this.drainers = [];
    this.socket?.terminate();
  }
}
