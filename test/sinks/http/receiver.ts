import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { parseExactly } from '../../contract/json-cells.js';
import type { Rows } from '../../contract/sink-workload.js';
import { storedRows } from '../../contract/stored-row.js';

/** A request that has come whole. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Of the body as it was sent. */
  bytes: number;
  rows: Record<string, unknown>[];
}

/**
 * What the receiver does instead of taking the rows: answers with a status, says nothing any more, or closes the
 * connection: `before` the rows are taken, or `after`, in the middle of its answer.
 */
export type Behaviour =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { hang: true }
  | { cut: 'before' | 'after' }
  | { delayMs: number };

/**
 * An HTTP server that keeps each row once, by its position, and can be told to misbehave. A place is a path. What it
 * has is in memory of the test, and so outlives the server, which can go away and come back at its port.
 */
export class Receiver {
  readonly requests: Received[] = [];
  /** Null: the rows are taken. */
  behave: (request: Received) => Behaviour | null = () => null;
  underWay = 0;
  underWayMax = 0;
  /** Rows that came again. */
  repeated = 0;
  private readonly places = new Map<string, Map<string, Record<string, unknown>>>();
  private server: Server | null = null;
  private port = 0;

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      void this.answer(request, response).catch(() => response.destroy());
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.closeAllConnections();
    server?.close();
    if (server) await once(server, 'close');
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What was posted to a path; HEAD is not among it. */
  posts(path: string): Received[] {
    return this.requests.filter((request) => request.path === path && request.method === 'POST');
  }

  /** Rows of a place by position, as they came. */
  kept(path: string): ReadonlyMap<string, Record<string, unknown>> {
    return this.places.get(path) ?? new Map();
  }

  /** Rows of a place, each stream's in the order of the bus. */
  rows(path: string): Rows {
    const ordered = [...this.kept(path)].map(([position, row]) => ({ at: numbersOf(position), row }));
    ordered.sort((a, b) => a.at[0]! - b.at[0]! || a.at[1]! - b.at[1]! || a.at[2]! - b.at[2]!);
    return storedRows(ordered.map(({ row }) => row));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay++;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    response.once('close', () => this.underWay--);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const sent = Buffer.concat(parts);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
    const path = request.url!;
    const { headers, method } = request;
    const received = { method: method!, path, headers, body, bytes: sent.length, rows: rowsOf(body) };
    this.requests.push(received);
    const behaviour = this.behave(received);
    if (behaviour === null) return this.take(received, response);
    if ('hang' in behaviour) return;
    if ('delayMs' in behaviour) {
      await new Promise((next) => setTimeout(next, behaviour.delayMs));
      return this.take(received, response);
    }
    if ('cut' in behaviour) {
      if (behaviour.cut === 'after') {
        this.keep(received);
        response.writeHead(200, { 'content-length': '100' });
        await new Promise((written) => response.write('half', written));
      }
      response.destroy();
      return;
    }
    response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? '');
  }

  private take(received: Received, response: ServerResponse): void {
    if (received.method === 'POST') this.keep(received);
    response.writeHead(received.method === 'POST' ? 204 : 405).end();
  }

  private keep({ path, rows }: Received): void {
    const place = this.places.get(path) ?? new Map<string, Record<string, unknown>>();
    this.places.set(path, place);
    for (const row of rows) {
      const position = row.position as string;
      if (place.has(position)) this.repeated++;
      else place.set(position, row);
    }
  }
}

function rowsOf(body: string): Record<string, unknown>[] {
  if (body === '') return [];
  const text = body.startsWith('[') ? body : `[${body.trimEnd().split('\n').join(',')}]`;
  return parseExactly(text) as Record<string, unknown>[];
}

/** `TOPIC/PARTITION:OFFSET.ROW` as its numbers. */
export function numbersOf(position: string): number[] {
  return position
    .slice(position.lastIndexOf('/') + 1)
    .split(/[:.]/)
    .map(Number);
}
