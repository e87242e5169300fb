import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface StrictMqttOptions {
  /** Answers that wait for each other leave together after this time. */
  ackAfterMs?: number;
  /** Ends the connection without a word after so many PUBLISH of it. */
  dieAfter?: number;
  /** Version 5: Receive Maximum of CONNACK. */
  receiveMaximum?: number;
  /** Version 5: reason code of the PUBACK for payloads that hold this text. */
  refuse?: { text: string; code: number };
}

/** The server's side of MQTT for a publisher at QoS 1: enough of 3.1.1 and 5 to hold the sender to its limits. */
export class StrictMqttServer {
  readonly faults: string[] = [];
  /** Payloads that were acknowledged, in order. */
  readonly payloads: string[] = [];
  readonly topics = new Set<string>();
  connections = 0;
  mostInFlight = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly options: StrictMqttOptions) {
    this.server = createServer((socket) => this.connection(socket));
  }

  static async start(options: StrictMqttOptions = {}, port = 0): Promise<StrictMqttServer> {
    const server = new StrictMqttServer(options);
    server.server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connection(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    const { ackAfterMs = 2, dieAfter = Number.POSITIVE_INFINITY, receiveMaximum, refuse } = this.options;
    let bytes = Buffer.alloc(0);
    let version = 4;
    let taken = 0;
    let waiting: { id: number; payload: string }[] = [];
    const answer = () => {
      for (const { id, payload } of waiting) {
        this.payloads.push(payload);
        const code = refuse && payload.includes(refuse.text) ? refuse.code : 0;
        socket.write(Buffer.from(version === 5 ? [0x40, 4, id >> 8, id & 255, code, 0] : [0x40, 2, id >> 8, id & 255]));
      }
      waiting = [];
    };
    const packet = (head: number, body: Buffer) => {
      if (head === 0x10) {
        version = body[6]!;
        const properties = receiveMaximum === undefined ? [] : [0x21, receiveMaximum >> 8, receiveMaximum & 255];
        const rest = version === 5 ? [0, 0, properties.length, ...properties] : [0, 0];
        socket.write(Buffer.from([0x20, rest.length, ...rest]));
      } else if ((head & 0xf6) === 0x32) {
        if (++taken > dieAfter) return socket.destroy();
        const topicEnd = 2 + body.readUInt16BE(0);
        this.topics.add(body.toString('utf8', 2, topicEnd));
        const start = topicEnd + 2 + (version === 5 ? 1 + body[topicEnd + 2]! : 0);
        const id = body.readUInt16BE(topicEnd);
        if (waiting.some((one) => one.id === id)) this.faults.push(`packet id ${id} is in use`);
        waiting.push({ id, payload: body.toString('utf8', start) });
        this.mostInFlight = Math.max(this.mostInFlight, waiting.length);
        if (waiting.length === 1) setTimeout(answer, ackAfterMs);
      } else if (head === 0xc0) socket.write(Buffer.from([0xd0, 0]));
      else if (head !== 0xe0) this.faults.push(`packet ${head.toString(16)}`);
    };
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      for (;;) {
        let length = 0;
        let at = 1;
        do {
          if (at >= bytes.length) return;
          length += (bytes[at]! & 127) * 128 ** (at - 1);
        } while (bytes[at++]! & 128);
        if (bytes.length < at + length) return;
        packet(bytes[0]!, bytes.subarray(at, at + length));
        bytes = bytes.subarray(at + length);
      }
    });
  }
}
