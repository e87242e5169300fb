import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectionFault } from './connection-fault.js';

/** What becomes of one request; an object is an answer of the proxy itself, and the server never sees the request. */
export type HttpFault =
  | { status: number; headers?: Record<string, string>; body?: string | Uint8Array }
  | ConnectionFault;

export interface Passed {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  bytes: number;
}

/** Between a client and a real server over HTTP: passes everything on, but for the faults that it is told to make. */
export class FaultyHttpProxy {
  /** For the next requests with a body, one each; null: it goes through. */
  readonly faults: (HttpFault | null)[] = [];
  /** Asked for each request with a body that no fault waits for. */
  judge: (request: Passed) => HttpFault | null = () => null;
  /** All that came with a body. */
  readonly seen: Passed[] = [];
  /** Faults that were made. */
  made = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<FaultyHttpProxy> {
    const server = createServer();
    const proxy = new FaultyHttpProxy(server, target);
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
    const body = await bytesOf(from);
    const fault = body.length > 0 ? this.faultOf(from, body) : null;
    if (fault !== null) this.made++;
    if (fault === 'no-request') return;
    if (fault === 'half-request') return this.sendHalf(from, to, body);
    if (typeof fault === 'object' && fault !== null) {
      to.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
      return;
    }
    const answer = await this.ask(from, body);
    if (fault === 'no-answer') return;
    if (fault === 'lost-answer') to.destroy();
    else if (fault === 'half-answer') {
      // One that has a body: a 204 is whole without.
      to.writeHead(200, { 'content-length': '100' });
      to.write('{"half', () => to.destroy());
    } else to.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private faultOf({ method, url, headers }: IncomingMessage, body: Buffer): HttpFault | null {
    const passed = { method: method!, path: url!, headers, bytes: body.length };
    this.seen.push(passed);
    const planned = this.faults.shift();
    return planned === undefined ? this.judge(passed) : planned;
  }

  private async ask(from: IncomingMessage, body: Buffer) {
    const up = this.requestLike(from);
    up.end(body);
    const [response] = (await once(up, 'response')) as [IncomingMessage];
    return { status: response.statusCode!, headers: response.headers, body: await bytesOf(response) };
  }

  private sendHalf(from: IncomingMessage, to: ServerResponse, body: Buffer): void {
    const up = this.requestLike(from);
    up.on('error', () => {});
    up.write(body.subarray(0, body.length >> 1), () => {
      up.destroy();
      to.destroy();
    });
  }

  /** The host is part of what is signed with S3, and so stays what the client called it. */
  private requestLike({ method, url, headers }: IncomingMessage) {
    return request(new URL(url!, this.target), { method, headers });
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
