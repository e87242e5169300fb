import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LatencyHistogram } from '../../devices/senders/latency-histogram.js';

const ROW = /"n":(\d+),"sentMs":([\d.]+)/g;

/** A store over HTTP that takes note of how long each row has been under way: by its columns `n`, its number, and `sentMs`. */
export class TimedReceiver {
  latency = new LatencyHistogram();
  duplicated = 0;
  private numbers = new Set<number>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TimedReceiver> {
    const receiver: TimedReceiver = new TimedReceiver(
      createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          receiver.take(Buffer.concat(parts).toString());
          response.writeHead(204).end();
        });
      }),
    );
    await listening(receiver.server);
    return receiver;
  }

  /** Different rows since the last `begin`. */
  get stored(): number {
    return this.numbers.size;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Forgets all rows, whose numbers may come anew. */
  begin(): void {
    this.numbers.clear();
    this.duplicated = 0;
    this.measure();
  }

  /** Forgets how long they have taken. */
  measure(): void {
    this.latency = new LatencyHistogram();
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take(body: string): void {
    const nowMs = performance.timeOrigin + performance.now();
    for (const [, n, sentMs] of body.matchAll(ROW)) {
      if (this.numbers.has(Number(n))) this.duplicated++;
      this.numbers.add(Number(n));
      this.latency.add(nowMs - Number(sentMs));
    }
  }
}

/** Takes requests and never answers them. */
export class SilentReceiver {
  private constructor(private readonly server: Server) {}

  static async start(): Promise<SilentReceiver> {
    const server = createServer((request) => request.resume());
    await listening(server);
    return new SilentReceiver(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}
