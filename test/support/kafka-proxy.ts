import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type KafkaServer, startKafka } from '../servers/kafka-server.js';

const PRODUCE = 0;

/**
 * Between clients and a broker: passes everything on, but keeps back some answers to requests that write, and cuts the
 * connection instead. The broker has stored what was sent; the client cannot know.
 */
export class KafkaProxy {
  /** Of the answers to requests that write, each so-manyth is lost; 0 = none. */
  loseEach = 0;
  lost = 0;
  private answers = 0;
  private silent = new Set<Socket>();
  private readonly clients = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(brokerPort: number): Promise<KafkaProxy> {
    const server = createServer();
    const proxy = new KafkaProxy(server);
    server.on('connection', (client) => proxy.join(client, connect(brokerPort, '127.0.0.1')));
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The connections of now stay open, and nothing passes them any more, as when a machine vanishes; new ones work. */
  silence(): void {
    this.silent = new Set(this.clients);
  }

  private join(client: Socket, broker: Socket): void {
    const writing = new Set<number>();
    this.clients.add(client);
    client.once('close', () => this.clients.delete(client));
    const cut = () => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) socket.on('error', cut).on('close', cut);
    const requests = frames((frame) => {
      if (this.silent.has(client)) return;
      if (frame.readInt16BE(4) === PRODUCE) writing.add(frame.readInt32BE(8));
      broker.write(frame);
    });
    const answers = frames((frame) => {
      if (this.silent.has(client)) return;
      if (writing.delete(frame.readInt32BE(4)) && this.loseEach > 0 && ++this.answers % this.loseEach === 0) {
        this.lost++;
        cut();
      } else if (!client.destroyed) client.write(frame);
    });
    client.on('data', requests);
    broker.on('data', answers);
  }
}

/** Takes the bytes of a connection and gives Kafka's frames, their length included. */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

/** A server whose clients are told the address of a proxy in front of it. */
export async function startKafkaBehindProxy(): Promise<{ kafka: KafkaServer; proxy: KafkaProxy }> {
  let proxy!: KafkaProxy;
  const kafka = await startKafka({
    through: async (port) => {
      proxy = await KafkaProxy.start(port);
      return proxy.port;
    },
  });
  return { kafka, proxy };
}
