import { connect, type Socket } from 'node:net';

/** A TCP client that sends bytes as they are and waits for bytes. */
export class RawClient {
  private received = Buffer.alloc(0);
  private wake: () => void = () => {};
  ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    socket.on('error', () => {});
    const end = () => {
      this.ended = true;
      this.wake();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  static async open(address: string): Promise<RawClient> {
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  send(hex: string | Uint8Array): void {
    this.socket.write(typeof hex === 'string' ? Buffer.from(hex, 'hex') : hex);
  }

  /** All bytes so far, as hex. */
  get hex(): string {
    return this.received.toString('hex');
  }

  /** The next `count` bytes as hex; fewer when the connection ends first or nothing comes for `patienceMs`. */
  async take(count: number, patienceMs = 2000): Promise<string> {
    await this.until(() => this.received.length >= count, patienceMs);
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(taken.length);
    return taken.toString('hex');
  }

  /** Whether the server has ended the connection, waiting for it. */
  async isEnded(patienceMs = 2000): Promise<boolean> {
    await this.until(() => this.ended, patienceMs);
    return this.ended;
  }

  close(): void {
    this.socket.destroy();
  }

  private async until(done: () => boolean, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!done() && !this.ended && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
