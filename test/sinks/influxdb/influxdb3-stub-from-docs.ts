import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type FieldValue, type Point, parseLines } from './parse-lines.js';

const PRECISIONS = ['auto', 'nanosecond', 'microsecond', 'millisecond', 'second'];

/**
 * InfluxDB 3's write API as its documentation has it (`/api/v3/write_lp`, docs.influxdata.com/influxdb3/core): a stub, not
 * a server. Strict: what the documentation does not have is answered with 418. Lines are read by the reader of the
 * grammar; fields keep their type, and lines that differ are named by number while the others are stored.
 */
export class Influxdb3StubFromDocs {
  readonly points: Point[] = [];
  readonly databases = new Set<string>();
  requests = 0;
  private readonly types = new Map<string, string>();

  private constructor(
    private readonly server: Server,
    private readonly token: string,
  ) {}

  static async start(token: string): Promise<Influxdb3StubFromDocs> {
    const server = createServer();
    const stub = new Influxdb3StubFromDocs(server, token);
    server.on('request', (from, to) => {
      stub.answer(from, to).catch((error: Error) => refuse(to, 418, error.message));
    });
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of from as AsyncIterable<Buffer>) parts.push(part);
    const { pathname, searchParams } = new URL(from.url!, this.url);
    if (from.headers.authorization !== `Bearer ${this.token}`)
      return refuse(to, 401, 'the request was not authenticated');
    if (pathname === '/ping' && from.method === 'GET') {
      to.writeHead(200).end('{"version":"3.4.1","revision":"abc"}');
      return;
    }
    if (pathname !== '/api/v3/write_lp' || from.method !== 'POST') return refuse(to, 404, 'not found');
    for (const name of searchParams.keys()) {
      if (!['db', 'precision', 'accept_partial', 'no_sync'].includes(name)) return refuse(to, 418, `parameter ${name}`);
    }
    if (!PRECISIONS.includes(searchParams.get('precision') ?? 'auto')) return refuse(to, 418, 'precision');
    const body = Buffer.concat(parts);
    const lines = parseLines(from.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
    if (lines.length === 0) return refuse(to, 418, 'no lines');
    this.requests++;
    this.databases.add(searchParams.get('db')!);
    this.store(lines, to);
  }

  private store(lines: readonly Point[], to: ServerResponse): void {
    const data: { original_line: string; line_number: number; error_message: string }[] = [];
    lines.forEach((point, i) => {
      const conflict = this.conflict(point);
      if (conflict === null) this.points.push(point);
      else data.push({ original_line: point.measurement, line_number: i + 1, error_message: conflict });
    });
    if (data.length === 0) to.writeHead(204).end();
    else to.writeHead(400).end(JSON.stringify({ error: 'partial write of line protocol occurred', data }));
  }

  private conflict({ measurement, fields }: Point): string | null {
    const typeOf = ({ type }: FieldValue) => `iox::column_type::field::${type}`;
    const keyOf = (name: string) => JSON.stringify([measurement, name]);
    for (const [name, value] of fields) {
      const stored = this.types.get(keyOf(name));
      if (stored === undefined || stored === typeOf(value)) continue;
      return `invalid column type for column '${name}', expected ${stored}, got ${typeOf(value)}`;
    }
    for (const [name, value] of fields) this.types.set(keyOf(name), typeOf(value));
    return null;
  }
}

function refuse(to: ServerResponse, status: number, error: string): void {
  to.writeHead(status).end(JSON.stringify({ error }));
}
