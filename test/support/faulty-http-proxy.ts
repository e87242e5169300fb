import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What becomes of one request: an answer of the proxy itself, which the server never sees; or the server gets it, and its
 * answer is lost, comes in half, or never.
 */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'lose-answer'
  | 'half-answer'
  | 'no-answer';

export interface Passed {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  bytes: number;
}

/** Between a client and a real server over HTTP: passes everything on, but for the faults that it is told to make. */
export class FaultyProxy {
  /** For the next requests with a body, one each. */
  readonly faults: Fault[] = [];
  /** Asked for each request with a body that no fault waits for. */
  judge: (request: Passed) => Fault | null = () => null;
  /** All that came with a body. */
  readonly seen: Passed[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<FaultyProxy> {
    const server = createServer();
    const proxy = new FaultyProxy(server, target);
    server.on('request', (from, to) => {
      proxy.pass(from, to).catch(() => to.destroy());
    });
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of from as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    const passed = { method: from.method!, path: from.url!, headers: from.headers, bytes: body.length };
    let fault: Fault | null = null;
    if (body.length > 0) {
      this.seen.push(passed);
      fault = this.faults.shift() ?? this.judge(passed);
    }
    if (typeof fault === 'object' && fault !== null) {
      to.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
      return;
    }
    const answer = await this.ask(from, body);
    if (fault === 'no-answer') return;
    if (fault === 'lose-answer') {
      to.destroy();
      return;
    }
    if (fault === 'half-answer') {
      // One that has a body: a 204 is whole without.
      to.writeHead(200, { 'content-length': '100' });
      to.write('{"half');
      setTimeout(() => to.destroy(), 20);
      return;
    }
    to.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private async ask({ method, url, headers }: IncomingMessage, body: Buffer) {
    const up = request(new URL(url!, this.target), { method, headers });
    up.end(body);
    const [response] = (await once(up, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) };
  }
}
