import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { ExpectedRows } from '../stored-rows.js';
import { IngestFrames } from './ingest-frames.js';
import type { IngestPlan } from './load-plan.js';
import type { Publisher, Tally } from './publisher.js';

/** Frames whose answer may be outstanding; the window ends long before. */
const RING = 65_536;
const SLAB_BYTES = 64 * 1024;
const PACE_MS = 2;

/** A client of `/ingest` on a bare socket: ready-made data blocks, the gateway's window, a pace where the plan has one. */
export class IngestPublisher implements Publisher {
  readonly done: Promise<void>;
  private readonly frames: IngestFrames;
  private readonly sentMs = new Float64Array(RING);
  private readonly frameBytes = new Uint32Array(RING);
  private socket!: Socket;
  private finish!: () => void;
  private fail!: (error: Error) => void;
  private opened!: () => void;
  private rest: Buffer = Buffer.alloc(0);
  private isUpgraded = false;
  private windowBytes = 0;
  private inFlightBytes = 0;
  private seq = 0;
  private acked = 0;
  private startMs = 0;
  private isStopping = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly plan: IngestPlan,
    private readonly place: IngestPlan['connections'][number],
    private readonly tally: Tally,
  ) {
    this.frames = new IngestFrames(place.stream, plan.rows, plan.columns, plan.stepUs);
    this.done = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    this.done.catch(() => {});
  }

  get sent(): ExpectedRows {
    const { stream, firstUs } = this.place;
    return { stream, firstUs, stepUs: this.plan.stepUs, rows: this.seq * this.plan.rows };
  }

  connect(): Promise<void> {
    const open = new Promise<void>((resolve) => {
      this.opened = resolve;
    });
    this.socket = connect({ host: '127.0.0.1', port: this.plan.port, noDelay: true });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new Error('the gateway closed an /ingest connection')));
    this.socket.on('data', (data) => this.receive(data));
    const lines = [
      `GET /ingest?client=${encodeURIComponent(this.place.client)} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ];
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return Promise.race([open, this.done]);
  }

  start(): void {
    this.startMs = performance.now();
    if (this.plan.framesPerSecond !== null) this.timer = setInterval(() => this.pump(), PACE_MS);
    this.pump();
  }

  stop(): void {
    this.isStopping = true;
    this.end();
  }

  private receive(data: Buffer): void {
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, data]) : data;
    if (!this.isUpgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = bytes;
        return;
      }
      const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'));
      if (!status.startsWith('HTTP/1.1 101')) {
        this.fail(new Error(`/ingest answered ${status}`));
        return;
      }
      this.isUpgraded = true;
      bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    while (at + 2 <= bytes.length) {
      const short = bytes[at + 1]! & 127;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + header > bytes.length) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
      if (at + header + length > bytes.length) break;
      this.frame(bytes[at]! & 15, bytes.subarray(at + header, at + header + length));
      at += header + length;
    }
    this.rest = bytes.subarray(at);
    if (this.startMs > 0) this.pump();
    if (this.isStopping) this.end();
  }

  private frame(opcode: number, payload: Buffer): void {
    if (opcode === 8) {
      this.fail(new Error(`/ingest closed: ${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`));
      return;
    }
    if (opcode === 9) {
      this.socket.write(Buffer.concat([Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
      return;
    }
    if (opcode !== 1) return;
    const message = JSON.parse(payload.toString()) as {
      hello?: { windowBytes: number };
      ack?: number;
      windowBytes?: number;
      reject?: unknown;
    };
    if (message.hello) {
      this.windowBytes = message.hello.windowBytes;
      this.opened();
    }
    if (message.reject) this.tally.rejected++;
    if (message.windowBytes) this.windowBytes = message.windowBytes;
    if (message.ack === undefined) return;
    const now = performance.now();
    for (; this.acked < message.ack; ) {
      const place = ++this.acked % RING;
      this.inFlightBytes -= this.frameBytes[place]!;
      this.tally.latency.add(now - this.sentMs[place]!);
      this.tally.acknowledged++;
    }
  }

  /** Frames that may have been sent by now. */
  private allowed(): number {
    const { frames, framesPerSecond } = this.plan;
    const most = frames ?? Number.POSITIVE_INFINITY;
    if (framesPerSecond === null) return most;
    return Math.min(most, Math.floor(((performance.now() - this.startMs) / 1000) * framesPerSecond) + 1);
  }

  private pump(): void {
    if (this.isStopping) return;
    const allowed = this.allowed();
    const now = performance.now();
    let slab: Buffer[] = [];
    let slabBytes = 0;
    this.socket.cork();
    while (this.seq < allowed) {
      const seq = this.seq + 1;
      const block = this.frames.block(seq);
      const head = this.frames.head(seq, this.place.firstUs + this.seq * this.plan.rows * this.plan.stepUs, seq === 1);
      const bytes = head.length + block.length;
      if (this.inFlightBytes > 0 && this.inFlightBytes + bytes > this.windowBytes) break;
      this.seq = seq;
      this.sentMs[seq % RING] = now;
      this.frameBytes[seq % RING] = bytes;
      this.inFlightBytes += bytes;
      slab.push(head, block);
      slabBytes += bytes;
      if (block.length >= SLAB_BYTES) {
        for (const piece of slab) this.socket.write(piece);
        slab = [];
        slabBytes = 0;
      } else if (slabBytes >= SLAB_BYTES) {
        this.socket.write(Buffer.concat(slab, slabBytes));
        slab = [];
        slabBytes = 0;
      }
      this.tally.messages++;
      this.tally.rows += this.plan.rows;
      this.tally.bytes += bytes;
    }
    if (slab.length > 0) this.socket.write(Buffer.concat(slab, slabBytes));
    this.socket.uncork();
    if (this.plan.frames !== null && this.seq >= this.plan.frames) this.stop();
  }

  private end(): void {
    if (this.acked < this.seq) return;
    if (this.timer) clearInterval(this.timer);
    this.finish();
    this.socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
  }
}
