import { once } from 'node:events';
import WebSocket from 'ws';

export interface Answer {
  hello?: { version: number; windowBytes: number; resume?: number };
  ack?: number;
  windowBytes?: number;
  reject?: { seq: number; code: string; reason: string };
}

/** A client of `/ingest` that shows every frame it gets: written from the contract, with none of the product's code. */
export class IngestClient {
  readonly answers: Answer[] = [];
  closed: { code: number; reason: string } | null = null;
  private changed: () => void = () => {};

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.answers.push(JSON.parse(String(data)) as Answer);
      this.changed();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.changed();
    });
    socket.on('error', () => {});
  }

  static async connect(http: string, query = ''): Promise<IngestClient> {
    const client = new IngestClient(new WebSocket(`ws://${http}/ingest${query}`));
    await once(client.socket, 'open');
    await client.until('the hello', () => client.answers[0]?.hello !== undefined);
    return client;
  }

  get hello(): NonNullable<Answer['hello']> {
    return this.answers[0]!.hello!;
  }

  get acked(): number {
    return Math.max(0, ...this.answers.map(({ ack }) => ack ?? 0));
  }

  get rejects(): NonNullable<Answer['reject']>[] {
    return this.answers.flatMap(({ reject }) => reject ?? []);
  }

  send(frame: object | string | Uint8Array): void {
    this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  async until(what: string, check: () => boolean, timeoutMs = 60_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!check()) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`not within ${timeoutMs} ms: ${what}; got ${JSON.stringify(this.answers.slice(-3))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.until('the close', () => this.closed !== null);
  }
}
