import { ByteBudget } from '../../../core/byte-budget.js';
import { Logger } from '../../../core/logger.js';
import { listenTcp, type TcpListener } from '../../../gateway/listeners/tcp.js';
import { LiveFeed } from '../../../gateway/live-feed.js';
import type { MqttLimits } from '../../../gateway/mqtt/mqtt-limits.js';
import { type Authenticate, MqttServer } from '../../../gateway/mqtt/mqtt-server.js';
import { MemoryAcceptor } from './memory-acceptor.js';
import { RawClient } from './raw-client.js';

export interface TestServerOptions {
  limits?: Partial<MqttLimits>;
  budgetBytes?: number;
  acceptor?: MemoryAcceptor;
  authenticate?: Authenticate;
}

/** The MQTT server on a TCP port of its own, over an intake in memory that feeds live rows after its commits. */
export class TestServer {
  private constructor(
    readonly acceptor: MemoryAcceptor,
    readonly budget: ByteBudget,
    readonly feed: LiveFeed,
    readonly mqtt: MqttServer,
    private readonly listener: TcpListener,
    /** What was logged as an error. */
    readonly errors: string[],
  ) {}

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const acceptor = options.acceptor ?? new MemoryAcceptor();
    const budget = new ByteBudget(options.budgetBytes ?? 64 * 1024 * 1024);
    const feed = new LiveFeed();
    const errors: string[] = [];
    const logger = new Logger('error', (line) => errors.push(line));
    const { authenticate } = options;
    const limits = { shutdownGraceMs: 200, ...options.limits };
    const mqtt = new MqttServer({ acceptor, budget, feed, logger, limits, authenticate });
    acceptor.onDurable = (messages) => {
      if (feed.active) for (const { stream, payload } of messages) feed.publish(stream, Buffer.from(payload, 'latin1'));
    };
    const listener = await listenTcp({ host: '127.0.0.1', port: 0, server: mqtt });
    return new TestServer(acceptor, budget, feed, mqtt, listener, errors);
  }

  get address(): string {
    return this.listener.address;
  }
  get url(): string {
    return `mqtt://${this.address}`;
  }

  raw(): Promise<RawClient> {
    return RawClient.open(this.address);
  }

  /** A raw client behind its CONNACK, which is dropped. Clean start, no keep-alive. */
  async connected(
    level: 4 | 5,
    clientId: string,
    more: { clean?: boolean; expiryS?: number } = {},
  ): Promise<RawClient> {
    const client = await this.raw();
    client.send(connectPacket(level, clientId, more));
    const head = await client.take(2);
    await client.take(Number.parseInt(head.slice(2), 16));
    return client;
  }

  /** Whether a fresh client is answered. */
  async isAlive(): Promise<boolean> {
    const client = await this.raw();
    client.send(connectPacket(4, 'alive-check'));
    const answer = await client.take(4);
    client.close();
    return answer === '20020000';
  }

  async stop(): Promise<void> {
    await this.mqtt.close();
    await this.listener.close();
  }
}

export function connectPacket(
  level: 4 | 5,
  clientId: string,
  { clean = true, expiryS = 0, keepAliveS = 0 }: { clean?: boolean; expiryS?: number; keepAliveS?: number } = {},
): Buffer {
  const id = Buffer.from(clientId);
  const properties = level === 5 ? (expiryS > 0 ? [5, 0x11, 0, 0, expiryS >> 8, expiryS & 255] : [0]) : [];
  const body = Buffer.concat([
    Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, level, clean ? 2 : 0, keepAliveS >> 8, keepAliveS & 255, ...properties]),
    Buffer.from([id.length >> 8, id.length & 255]),
    id,
  ]);
  return packet(0x10, body);
}

/** A packet with its fixed header. */
export function packet(first: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export function publishPacket(
  level: 4 | 5,
  qos: number,
  id: number,
  topic: string,
  payload: string,
  dup = false,
): Buffer {
  const name = Buffer.from(topic);
  return packet(
    0x30 | (dup ? 8 : 0) | (qos << 1),
    Buffer.concat([
      Buffer.from([name.length >> 8, name.length & 255]),
      name,
      Buffer.from(qos > 0 ? [id >> 8, id & 255] : []),
      Buffer.from(level === 5 ? [0] : []),
      Buffer.from(payload),
    ]),
  );
}
