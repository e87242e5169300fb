import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { constants } from 'node:zlib';
import { retryAfterMs } from '../delivery/retry-after.js';
import { StoreFault } from '../delivery/store-fault.js';
import { gzipped } from '../gzip.js';
import type { InfluxdbTarget } from './influxdb-sink-options.js';
import type { Precision } from './line-template.js';

/** What InfluxDB has answered. */
export interface Answer {
  status: number;
  body: string;
  retryAfterMs: number | null;
  /** Of the server; null where it does not say so. */
  server: string | null;
  /** Bytes that were sent. */
  sent: number;
}

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Small bodies gain nothing. */
const GZIP_MIN = 1024;
const PRECISIONS: Record<Precision, string>[] = [
  { ns: 'n', us: 'u', ms: 'ms', s: 's' },
  { ns: 'ns', us: 'us', ms: 'ms', s: 's' },
  { ns: 'nanosecond', us: 'microsecond', ms: 'millisecond', s: 'second' },
];
/** Faults of certificates, which trying again does not mend. */
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** Writes ready-made lines to InfluxDB over connections that are kept open. Errors are StoreFaults: no answer came. */
export class InfluxdbClient {
  private readonly agent: Agent;
  private readonly base: URL;
  private readonly writePath: string;
  private readonly headers: Record<string, string>;

  constructor(
    target: InfluxdbTarget,
    precision: Precision,
    private readonly gzip: boolean,
  ) {
    this.base = new URL(target.url);
    this.agent = this.base.protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    this.writePath = writePath(target, PRECISIONS[target.version - 1]![precision]);
    this.headers = authorization(target);
  }

  /** No lines: InfluxDB 1 and 2 look at credentials, rights and place as they do for rows, and write nothing. */
  async write(lines: Buffer, signal: AbortSignal): Promise<Answer> {
    const isPacked = this.gzip && lines.length >= GZIP_MIN;
    const body = isPacked ? await gzipped(lines, constants.Z_BEST_SPEED) : lines;
    const headers = { 'content-type': 'text/plain; charset=utf-8', ...(isPacked && { 'content-encoding': 'gzip' }) };
    return this.ask('POST', this.writePath, headers, body, signal);
  }

  get(path: string, signal: AbortSignal): Promise<Answer> {
    return this.ask('GET', path, {}, null, signal);
  }

  close(): void {
    this.agent.destroy();
  }

  private async ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    // A connection that the server has closed meanwhile says so only when it is used: then a new one is.
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(method, path, headers, body, signal);
      } catch (error) {
        if (attempt === 0 && error instanceof StaleConnection && !signal.aborted) continue;
        throw faultOf(error);
      }
    }
  }

  private once(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { base, agent } = this;
    const ask = base.protocol === 'https:' ? httpsRequest : httpRequest;
    const all = { ...this.headers, ...headers, ...(body && { 'content-length': String(body.length) }) };
    return new Promise<Answer>((resolve, reject) => {
      const request = ask(new URL(base.pathname.replace(/\/$/, '') + path, base), {
        method,
        agent,
        headers: all,
        signal,
      });
      let isAnswered = false;
      request.on('response', (response) => {
        isAnswered = true;
        readAnswer(response, body?.length ?? 0).then(resolve, reject);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && !isAnswered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(isStale ? new StaleConnection() : error);
      });
      request.end(body ?? undefined);
    });
  }
}

class StaleConnection extends Error {
  readonly code = 'ECONNRESET';
  override readonly message = 'the connection was closed';
}

function writePath(target: InfluxdbTarget, precision: string): string {
  switch (target.version) {
    case 1:
      return `/write?${new URLSearchParams({ db: target.database, precision })}`;
    case 2:
      return `/api/v2/write?${new URLSearchParams({ org: target.org, bucket: target.bucket, precision })}`;
    case 3:
      return `/api/v3/write_lp?${new URLSearchParams({ db: target.database, precision })}`;
  }
}

/** The header that proves who asks. */
export function authorization(target: InfluxdbTarget): Record<string, string> {
  if (target.version === 2) return { authorization: `Token ${target.token}` };
  if (target.version === 3) return target.token === null ? {} : { authorization: `Bearer ${target.token}` };
  const { username, password } = target;
  if (username === null) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

async function readAnswer(response: IncomingMessage, sent: number): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= ANSWER_BYTES_MAX) parts.push(part);
  }
  const server = response.headers['x-influxdb-version'] ?? response.headers['cluster-uuid'];
  return {
    status: response.statusCode!,
    body: Buffer.concat(parts).toString(),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
    server: typeof server === 'string' ? server : null,
    sent,
  };
}

function faultOf(error: unknown): StoreFault {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (TLS_CODE.test(code)) {
    const what = `its certificate is not accepted (${code}): ${message}`;
    return new StoreFault('setup', `${what}; NODE_EXTRA_CA_CERTS names more authorities`, { cause: error });
  }
  const why = (error as Error).name === 'AbortError' ? 'the request was ended' : `no answer: ${message || code}`;
  return new StoreFault('away', why, { cause: error });
}
