import type { Source } from '../source.js';
import { writeRefusal } from './codec/connack.js';
import { ConnectPacket, readConnect, VersionRefused, type Will } from './codec/connect.js';
import { writeDisconnect } from './codec/disconnect.js';
import { type FrameHandler, FrameReader } from './codec/frame-reader.js';
import { OutBuffer } from './codec/out-buffer.js';
import { PACKET, type ProtocolLevel } from './codec/packet-type.js';
import { ControlPackets, flagsOf } from './control-packets.js';
import type { Inbound } from './inbound.js';
import { MqttFault, malformed } from './mqtt-fault.js';
import { CONTROL_BYTES_MAX, PUBLISH_OVERHEAD_BYTES, REASON_CHARACTERS_MAX, WAITING_BYTES_MAX } from './mqtt-limits.js';
import type { MqttServer } from './mqtt-server.js';
import { REASON } from './reason-codes.js';
import type { Session } from './session.js';
import type { Subscriptions } from './subscriptions.js';
import type { Transport, TransportHandler } from './transport.js';

/** Why a connection is not read; it is read when no reason is left. */
const STOPS = { budget: 1, unsent: 2, deciding: 4, closing: 8 } as const;
/** Output is collected up to this before it is written within a turn. */
const WRITE_BYTES = 64 * 1024;
/** A client that leaves its answers unread for so long is gone. */
const UNREAD_MS = 60_000;

/** opening: before CONNECT. deciding: CONNECT is read and not answered. open: CONNACK has accepted. */
type State = 'opening' | 'deciding' | 'open' | 'ended';

/** One MQTT connection from its first byte to its end. */
export class Connection implements Source, FrameHandler, TransportHandler {
  lastCut = 0;
  client: string;
  /** What the client said of itself; set by the handshake. */
  clientId = '';
  level: ProtocolLevel = 4;
  packetBytesMax = 0xffffffff;
  problemInformation = true;
  keepAliveS = 0;
  will: Will | null = null;
  /** What the will counts in the byte budget. */
  willBytes = 0;
  session: Session | null = null;
  inbound: Inbound | null = null;
  subscriptions: Subscriptions | null = null;
  private readonly control: ControlPackets;
  /** The cut CONNACK waits for. */
  connackCut = 0;
  state: State = 'opening';
  readonly out = new OutBuffer();
  readonly attachedMs: number;
  private readonly reader: FrameReader;
  private readonly publishBytesMax: number;
  private lastHeardMs: number;
  private sawPacket = false;
  private stops = 0;
  private unsentSinceMs = 0;
  /** Chunks that arrived while CONNECT was being decided. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private flushPlanned = false;

  constructor(
    private readonly server: MqttServer,
    private readonly transport: Transport,
  ) {
    this.client = transport.remoteAddress;
    this.attachedMs = this.lastHeardMs = server.now();
    this.reader = new FrameReader(this, server.budget);
    this.control = new ControlPackets(server, this);
    this.publishBytesMax = server.limits.payloadBytes + PUBLISH_OVERHEAD_BYTES;
  }

  // From the transport.

  receive(chunk: Buffer): void {
    if (this.state === 'ended') return;
    if (this.state === 'deciding') {
      this.wait(chunk);
      return;
    }
    if (!this.transport.canPause && this.server.overrun) {
      this.end(REASON.quotaExceeded, 'the gateway is short of memory');
      return;
    }
    this.sawPacket = false;
    try {
      const used = this.reader.read(chunk);
      if (used < chunk.length && this.isDeciding) this.wait(chunk.subarray(used));
    } catch (error) {
      this.fail(error);
    }
    this.lastHeardMs = this.server.now();
    this.flush();
    this.server.pressure.hasRead(this, this.sawPacket);
  }

  closed(): void {
    this.finish();
  }

  drained(): void {
    this.readOn('unsent');
  }

  // From the intake.

  durable(cut: number): void {
    if (this.state === 'ended') {
      if (this.session) this.server.sessions.settle(this.session, cut);
      return;
    }
    if (this.state === 'deciding') {
      if (this.connackCut !== 0 && cut >= this.connackCut) this.server.handshake.accept(this);
      return;
    }
    this.inbound?.durable(cut);
    this.flush();
    if (this.stops & STOPS.closing) this.shutDown();
  }

  failed(_cut: number, reason: string): void {
    // What this session remembers in memory may be more than what is stored.
    if (this.session) this.server.sessions.drop(this.session);
    this.end(REASON.unspecifiedError, reason);
    if (this.session) this.server.sessions.drop(this.session);
  }

  // From the frame reader.

  announced(first: number, length: number): void {
    const type = first >> 4;
    if (this.state === 'opening') {
      if (type !== PACKET.connect) throw malformed('the first packet is not CONNECT');
    } else if (type === 0 || (type !== PACKET.publish && (first & 0x0f) !== flagsOf(type))) {
      throw malformed('the fixed header is invalid');
    }
    this.checkSize(type, length);
  }

  frame(first: number, bytes: Buffer, start: number, end: number): boolean {
    this.sawPacket = true;
    const type = first >> 4;
    this.checkSize(type, end - start);
    if (this.state === 'open') {
      if (type === PACKET.publish) this.inbound!.publish(first, bytes, start, end);
      else this.control.handle(type, first, bytes, start, end);
    } else this.connect(first, bytes, start, end);
    return this.state === 'open';
  }

  get partialBytes(): number {
    return this.state === 'ended' ? 0 : this.reader.partialBytes;
  }

  // For the server and its parts.

  stopReading(why: keyof typeof STOPS): void {
    if (this.state === 'opening' && why === 'budget') return;
    if (this.stops === 0) this.transport.pause();
    this.stops |= STOPS[why];
  }

  readOn(why: keyof typeof STOPS): void {
    if ((this.stops & STOPS[why]) === 0) return;
    this.stops &= ~STOPS[why];
    if (this.stops !== 0 || this.state === 'ended') return;
    this.lastHeardMs = this.server.now();
    this.transport.resume();
  }

  /** CONNECT is decided: what has waited is read now. */
  opened(): void {
    this.state = 'open';
    this.lastHeardMs = this.server.now();
    this.flush();
    if (this.server.budget.pressed) this.stopReading('budget');
    this.readOn('deciding');
    const chunks = this.waiting;
    this.forgetWaiting();
    for (const chunk of chunks) this.receive(chunk);
  }

  /** Bytes that wait for the network. */
  get unsentBytes(): number {
    return this.transport.unsentBytes + this.out.length;
  }

  /** Writes what is collected at the end of this turn, or now when it is much. */
  flushSoon(): void {
    if (this.out.length >= WRITE_BYTES) this.flush();
    else if (!this.flushPlanned) {
      this.flushPlanned = true;
      setImmediate(() => {
        this.flushPlanned = false;
        this.flush();
      });
    }
  }

  /**
   * Connect timeout and keep-alive ([MQTT-3.1.2-22]: one and a half times). Any byte counts, so that a large packet on a
   * slow link is not cut off; time in which we do not read is not counted.
   */
  check(nowMs: number): void {
    if (this.state !== 'open') {
      if (nowMs - this.attachedMs > this.server.limits.connectTimeoutMs) this.end(null, 'no CONNECT in time');
    } else if (this.stops & STOPS.unsent && nowMs - this.unsentSinceMs > UNREAD_MS) {
      this.end(REASON.unspecifiedError, 'the client does not read its answers');
    } else if (this.keepAliveS > 0 && this.stops === 0 && nowMs - this.lastHeardMs > this.keepAliveS * 1500) {
      this.end(REASON.keepAliveTimeout, 'nothing was heard for one and a half times the keep-alive');
    }
  }

  /** Refuses CONNECT. */
  refuse(reason: number, why: string): void {
    this.server.refusedConnections++;
    this.server.logger.debug('mqtt connection refused', { client: this.client, reason, why });
    writeRefusal(this.out, this.level, reason);
    this.end(null, why);
  }

  /** Stops reading, and ends as soon as all answers are out. */
  shutDown(): void {
    this.stopReading('closing');
    if (this.state === 'open' && this.inbound!.answers.size > 0) return;
    this.end(REASON.serverShuttingDown, 'the gateway is shutting down');
  }

  /** Ends the connection, with a DISCONNECT in MQTT 5 (`reason` null: without one). */
  end(reason: number | null, why: string): void {
    if (this.state === 'ended') return;
    if (reason !== null && this.state === 'open' && this.level === 5) {
      writeDisconnect(this.out, reason, why.slice(0, REASON_CHARACTERS_MAX), this.packetBytesMax);
    }
    this.server.logger.debug('mqtt connection ended', { client: this.client, why });
    const lastWords = this.out.take();
    if (lastWords !== null) this.transport.write(lastWords);
    this.finish();
    this.transport.end();
  }

  private get isDeciding(): boolean {
    return this.state === 'deciding';
  }

  private checkSize(type: number, length: number): void {
    const most = type === PACKET.publish && this.state === 'open' ? this.publishBytesMax : CONTROL_BYTES_MAX;
    if (length > most) throw new MqttFault(REASON.packetTooLarge, `a packet of ${length} bytes is above ${most}`);
  }

  private connect(first: number, bytes: Buffer, start: number, end: number): void {
    if (first >> 4 !== PACKET.connect) throw malformed('the first packet is not CONNECT');
    const packet = new ConnectPacket();
    try {
      readConnect(this.server.packetReader.over(bytes, start, end), first, packet);
    } catch (error) {
      if (error instanceof VersionRefused) {
        error.answer.copy(this.out.reserve(error.answer.length), this.out.offset);
      } else if (error instanceof MqttFault && packet.level === 5) writeRefusal(this.out, 5, error.reason);
      throw error;
    }
    this.state = 'deciding';
    this.stopReading('deciding');
    this.server.handshake.begin(this, packet);
  }

  private wait(chunk: Buffer): void {
    if (this.waitingBytes + chunk.length > WAITING_BYTES_MAX) {
      this.end(null, 'too much was sent before CONNACK');
      return;
    }
    this.waiting.push(Buffer.from(chunk));
    this.waitingBytes += chunk.length;
    this.server.budget.take(chunk.length);
  }

  private forgetWaiting(): void {
    this.waiting = [];
    const bytes = this.waitingBytes;
    this.waitingBytes = 0;
    this.server.budget.release(bytes);
  }

  private flush(): void {
    const bytes = this.out.take();
    if (bytes === null) return;
    const { transport } = this;
    transport.write(bytes);
    if (transport.unsentBytes <= this.server.limits.unsentBytesMax) return;
    if (transport.canPause) {
      if ((this.stops & STOPS.unsent) === 0) this.unsentSinceMs = this.server.now();
      this.stopReading('unsent');
    } else if (transport.unsentBytes > 4 * this.server.limits.unsentBytesMax)
      this.end(null, 'the client does not read');
  }

  private fail(error: unknown): void {
    if (error instanceof MqttFault) {
      this.server.protocolErrors++;
      this.end(error.reason, error.message);
      return;
    }
    this.server.logger.error('mqtt connection ended by a fault in the gateway', {
      client: this.client,
      error: String((error as Error)?.stack ?? error),
    });
    this.end(REASON.unspecifiedError, 'internal error');
  }

  private finish(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.reader.clear();
    this.out.take();
    this.forgetWaiting();
    this.inbound?.answers.clear();
    this.subscriptions?.close();
    this.server.forget(this);
  }
}
