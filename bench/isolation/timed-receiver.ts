import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LatencyHistogram } from '../../devices/senders/latency-histogram.js';

const SENT = /"sentMs":([\d.]+)/g;

/** A store over HTTP that takes note of how long each row has been under way, by its column `sentMs`. */
export class TimedReceiver {
  latency = new LatencyHistogram();
  rows = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TimedReceiver> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const nowMs = performance.timeOrigin + performance.now();
        for (const [, sentMs] of Buffer.concat(parts).toString().matchAll(SENT)) {
          receiver.latency.add(nowMs - Number(sentMs));
          receiver.rows++;
        }
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new TimedReceiver(server);
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Forgets what it measured. */
  begin(): void {
    this.latency = new LatencyHistogram();
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Takes requests and never answers them. */
export class SilentReceiver {
  private constructor(private readonly server: Server) {}

  static async start(): Promise<SilentReceiver> {
    const server = createServer((request) => request.resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
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
