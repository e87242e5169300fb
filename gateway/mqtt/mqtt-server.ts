import type { ByteBudget } from '../../core/byte-budget.js';
import type { Logger } from '../../core/logger.js';
import type { Acceptor } from '../accept.js';
import type { LiveFeed } from '../live-feed.js';
import type { Source } from '../source.js';
import { IdMarks } from './answer-queue.js';
import { PacketReader } from './codec/packet-reader.js';
import { Properties } from './codec/properties.js';
import { isMqttText } from './codec/utf8.js';
import { Connection } from './connection.js';
import { Handshake } from './handshake.js';
import { malformed } from './mqtt-fault.js';
import { MQTT_LIMITS, type MqttLimits, PUBLISH_OVERHEAD_BYTES } from './mqtt-limits.js';
import { Pressure } from './pressure.js';
import { REASON } from './reason-codes.js';
import { SessionStore } from './session-store.js';
import { TextCache } from './text-cache.js';
import type { Transport, TransportHandler } from './transport.js';
import { Wills } from './wills.js';

/** Whether a client may connect; a promise holds CONNACK back until it is settled. */
export type Authenticate = (
  clientId: string,
  username: string | null,
  password: Buffer | null,
) => boolean | Promise<boolean>;

export interface MqttServerOptions {
  acceptor: Acceptor;
  budget: ByteBudget;
  feed: LiveFeed;
  logger: Logger;
  /** What is not given is as in MQTT_LIMITS. */
  limits?: Partial<MqttLimits>;
  authenticate?: Authenticate;
}

/** How often timeouts are looked at. */
const CHECK_MS = 500;
const EXPIRE_SESSIONS_MS = 10 * 60_000;
/** A connection that cannot be stopped is ended when the budget is overrun by this factor. */
const OVERRUN = 1.25;

/**
 * The MQTT server: versions 3.1, 3.1.1 and 5, publishing at QoS 0, 1 and 2 into an `Acceptor`, subscribing to live rows
 * at QoS 0. It speaks over whatever `attach` is given; PUBACK and PUBREC leave when the message is durable.
 *
 * Decided where the standard leaves a choice: retained messages are not kept, which MQTT 5 clients are told (Retain
 * Available 0); a PUBLISH with RETAIN is stored like any other in every version, so that no device loses readings over a
 * flag. A retained will is refused in MQTT 5, as the standard demands. Shared subscriptions and No Local are refused.
 */
export class MqttServer {
  /** PUBLISH packets handed to the intake, and how many of them were not stored whole. */
  messages = 0;
  refused = 0;
  /** CONNECT packets that were accepted or refused; connections ended because the peer broke the protocol. */
  acceptedConnections = 0;
  refusedConnections = 0;
  protocolErrors = 0;
  /** Live messages sent to subscribers, and dropped because one did not keep up or could not take them. */
  liveSent = 0;
  liveDropped = 0;

  closing = false;
  readonly limits: MqttLimits;
  readonly acceptor: Acceptor;
  readonly budget: ByteBudget;
  readonly feed: LiveFeed;
  readonly logger: Logger;
  readonly authenticate: Authenticate | undefined;
  readonly sessions: SessionStore;
  readonly wills: Wills;
  readonly handshake: Handshake;
  readonly pressure: Pressure;
  /** Used by one packet at a time. */
  readonly packetReader = new PacketReader();
  readonly properties = new Properties();
  readonly marks = new IdMarks();
  readonly topics = new TextCache(decodeTopic);
  private readonly all = new Set<Connection>();
  private readonly byClient = new Map<string, Connection>();
  private readonly timers: NodeJS.Timeout[];
  private readonly housekeeping: Source = { client: 'mqtt sessions', lastCut: 0, durable() {}, failed() {} };
  private whenEmpty: (() => void) | null = null;

  constructor(options: MqttServerOptions) {
    this.limits = { ...MQTT_LIMITS, ...options.limits };
    this.acceptor = options.acceptor;
    this.budget = options.budget;
    this.feed = options.feed;
    this.logger = options.logger;
    this.authenticate = options.authenticate;
    this.sessions = new SessionStore(this.acceptor, Date.now, Date.now());
    this.wills = new Wills(this.acceptor);
    this.handshake = new Handshake(this);
    this.pressure = new Pressure(this.budget, this.all, () => this.now());
    this.timers = [
      setInterval(() => this.check(), CHECK_MS).unref(),
      setInterval(() => this.sessions.expire(this.housekeeping), EXPIRE_SESSIONS_MS).unref(),
    ];
  }

  /** Clients that are connected. */
  get connections(): number {
    return this.byClient.size;
  }
  /** Maximum Packet Size as told to clients. */
  get packetBytesMax(): number {
    return this.limits.payloadBytes + PUBLISH_OVERHEAD_BYTES;
  }
  /** Whether connections that cannot be stopped have to be ended. */
  get overrun(): boolean {
    return this.budget.pressed && this.budget.usedBytes > this.budget.limitBytes * OVERRUN;
  }

  /** A new connection; the transport calls what is returned. */
  attach(transport: Transport): TransportHandler {
    const connection = new Connection(this, transport);
    this.all.add(connection);
    // Room for some that are told why they cannot stay; beyond it there is no time for words.
    if (this.closing || this.all.size > this.limits.connections * 1.1 + 16) {
      this.refusedConnections++;
      connection.end(null, 'too many connections, or shutting down');
    }
    return connection;
  }

  /**
   * Stops: nothing more is read, answers that are owed go out as their messages become durable, then clients get
   * DISCONNECT 0x8B (MQTT 5) and wills are published. Resolves when all connections have ended.
   */
  async close(): Promise<void> {
    this.closing = true;
    for (const connection of [...this.all]) connection.shutDown();
    if (this.all.size > 0) {
      const timeout = setTimeout(() => {
        for (const connection of [...this.all])
          connection.end(REASON.serverShuttingDown, 'the gateway is shutting down');
      }, this.limits.shutdownGraceMs);
      await new Promise<void>((resolve) => {
        this.whenEmpty = resolve;
      });
      clearTimeout(timeout);
    }
    this.wills.close();
    this.pressure.close();
    for (const timer of this.timers) clearInterval(timer);
  }

  // For connections.

  /** Milliseconds that only go forward. */
  now(): number {
    return performance.now();
  }

  /** Ends the connection that has this client identifier ([MQTT-3.1.4-3]). */
  takeOver(clientId: string): void {
    this.byClient.get(clientId)?.end(REASON.sessionTakenOver, 'another connection has the same client identifier');
  }

  register(connection: Connection): void {
    this.byClient.set(connection.clientId, connection);
    this.acceptedConnections++;
  }

  /** The connection has ended: its will, its session, its place. */
  forget(connection: Connection): void {
    this.all.delete(connection);
    this.handshake.forget(connection);
    if (this.byClient.get(connection.clientId) === connection) this.byClient.delete(connection.clientId);
    const { session, will } = connection;
    if (connection.willBytes > 0) this.budget.release(connection.willBytes);
    if (session && will) this.wills.leave(connection.clientId, will, session.expiryS, connection);
    if (session) this.sessions.end(session, connection);
    this.pressure.hasEnded(connection);
    if (this.all.size === 0) this.whenEmpty?.();
  }

  private check(): void {
    const nowMs = this.now();
    for (const connection of [...this.all]) connection.check(nowMs);
    this.pressure.check(nowMs);
  }
}

function decodeTopic(bytes: Buffer, start: number, end: number): string {
  if (!isMqttText(bytes, start, end, true)) throw malformed('the topic is not valid UTF-8 text');
  const topic = bytes.toString('utf8', start, end);
  if (topic.includes('+') || topic.includes('#')) throw malformed('a topic name holds a wildcard');
  return topic;
}
