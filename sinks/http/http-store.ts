import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { responseText } from '../delivery/response-text.js';
import type { RefusedRow, RequestBuilder, Store } from '../delivery/store.js';
import { gzipped } from '../gzip.js';
import { type JsonRequest, JsonRequests } from '../text/json-requests.js';
import { exchangeFault, statusFault } from './http-fault.js';
import type { HttpSinkOptions } from './http-sink-options.js';

const CONTENT_TYPES = { json: 'application/json', jsonl: 'application/x-ndjson' } as const;
/** Answers to HEAD that say something about POST as well. Many servers have no HEAD: whatever else they answer, they are there. */
const TELLING = [401, 407, 408, 429, 502, 503, 504];

/**
 * Posts rows to a server, which has them once it answers 2xx. What is sent again after a fault may be cut in another way, so
 * this is a store that takes rows again only where the receiver tells them apart: by `Pitwall-Positions`, or by the
 * position of each row.
 */
export class HttpStore implements Store<JsonRequest> {
  readonly inFlightMax = Number.POSITIVE_INFINITY;
  readonly what: string;
  private readonly requests: JsonRequests;
  private readonly headers: Headers;
  private readonly secrets: string[];
  private warnings: string[] = [];
  private saidTooLarge = false;

  constructor(private readonly options: HttpSinkOptions) {
    this.what = `http ${new URL(options.url).origin}`;
    this.requests = new JsonRequests(options);
    this.headers = new Headers({ 'content-type': CONTENT_TYPES[options.format] });
    for (const [name, value] of Object.entries(options.headers)) this.headers.set(name, value);
    this.secrets = Object.values(options.headers).flatMap((value) => [value, ...value.split(' ').slice(1)]);
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.ask(signal);
  }

  /** What the server answers to HEAD, which writes nothing: its status with its name. Throws where POST would fail alike. */
  async ask(signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { response, shown } = await this.exchange('HEAD', signal, this.headers, null);
    const { status } = response;
    if (TELLING.includes(status)) throw statusFault(response, shown);
    return { status, text: `${status} ${STATUS_CODES[status] ?? ''}`.trim() };
  }

  builder(): RequestBuilder<JsonRequest> {
    return this.requests.builder();
  }

  async send({ body, rows, positions }: JsonRequest, signal: AbortSignal): Promise<readonly RefusedRow[]> {
    const headers = new Headers(this.headers);
    headers.set('pitwall-positions', positions);
    headers.set('idempotency-key', keyOf(positions, body));
    if (this.options.gzip) headers.set('content-encoding', 'gzip');
    const sent = this.options.gzip ? await gzipped(body) : body;
    const { response, shown } = await this.exchange('POST', signal, headers, sent);
    if (response.ok) return [];
    if (response.status === 413 && rows > 1) this.noteTooLarge(sent.length);
    throw statusFault(response, shown);
  }

  takeWarnings(): string[] {
    return this.warnings.splice(0);
  }

  async close(): Promise<void> {}

  private noteTooLarge(bytes: number): void {
    if (this.saidTooLarge) return;
    this.saidTooLarge = true;
    this.warnings.push(
      `${this.what} takes no ${bytes} bytes at once; batch.bytes below that saves sending them for nothing`,
    );
  }

  private async exchange(
    method: string,
    signal: AbortSignal,
    headers: Headers,
    body: Uint8Array | null,
  ): Promise<{ response: Response; shown: string }> {
    try {
      const response = await fetch(this.options.url, { method, headers, body, signal, redirect: 'manual' });
      return { response, shown: (await responseText(response, this.secrets)).shown };
    } catch (error) {
      throw exchangeFault(error);
    }
  }
}

/** The same for the same rows in the same bytes. */
function keyOf(positions: string, body: Buffer): string {
  return createHash('sha256').update(positions).update('\n').update(body).digest('base64url').slice(0, 32);
}
