import { PitwallError } from '../core/errors.js';
import { Logger } from '../core/logger.js';
import { Retry, type RetryOptions } from './retry.js';
import type { Position, Sink, SinkBatch } from './sink.js';

export type BranchState = 'new' | 'running' | 'retrying' | 'stopped';

export interface BranchOptions {
  retry?: RetryOptions;
  log?: Logger;
  random?: () => number;
}

/**
 * One sink with its own position, retry and state, independent of all others. Who owns it feeds it so:
 *
 *     while (branch.state !== 'stopped') {
 *       const positions = await branch.start();      // waits out the backoff, opens; rejects once stopped
 *       // read the bus from these positions:
 *       while (await branch.feed(batches)) …         // false: not taken, go back to start
 *     }
 *
 * A failure that may pass makes it `retrying`, and the store's own positions say where to feed from again. Any other
 * failure, `attemptsMax` failures in a row, or `stop` make it `stopped`. Calls run one after another.
 */
export class Branch {
  private current: BranchState = 'new';
  private durable: Position[] = [];
  private error: Error | null = null;
  private nextMs = 0;
  private fedSinceOpen = false;
  private wake: (() => void) | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private readonly retry: Retry;
  private readonly log: Logger;

  constructor(
    readonly name: string,
    private readonly sink: Sink,
    options: BranchOptions = {},
  ) {
    this.retry = new Retry(options.retry, options.random);
    this.log = options.log ?? new Logger('warn');
  }

  get state(): BranchState {
    return this.current;
  }
  /** The failure that made it retry or stop; null while it runs. */
  get lastError(): Error | null {
    return this.error;
  }
  /** Failures in a row; 0 again once fed rows have been flushed. */
  get attempts(): number {
    return this.retry.attempts;
  }
  /** While retrying: when `start` opens the sink again, in milliseconds since 1970; else 0. */
  get nextAttemptAtMs(): number {
    return this.nextMs;
  }

  /** What the store holds for good: where to feed from after `start`, and what the bus may drop. */
  positions(): Position[] {
    return this.durable;
  }

  /** Opens the sink, as often as it takes. Rejects with the error that stopped the branch. */
  async start(): Promise<Position[]> {
    while (this.current === 'new' || this.current === 'retrying') {
      if (this.current === 'retrying') await this.wait();
      await this.run(async () => {
        this.durable = await this.sink.open();
        if (this.current === 'stopped') return;
        this.current = 'running';
        this.error = null;
        this.nextMs = 0;
        this.fedSinceOpen = false;
      });
    }
    if (this.current !== 'running') throw this.stopError();
    return this.durable;
  }

  /** Writes the batches; false when the branch does not run (any more): they count as not taken. */
  async feed(batches: readonly SinkBatch[]): Promise<boolean> {
    return this.run(async () => {
      await this.sink.write(batches);
      this.fedSinceOpen ||= batches.length > 0;
    }, 'running');
  }

  /** Makes what was fed durable and moves `positions`; false when the branch does not run (any more). */
  async flush(force: boolean): Promise<boolean> {
    return this.run(async () => {
      this.durable = await this.sink.flush(force);
      if (this.fedSinceOpen) this.retry.succeed();
    }, 'running');
  }

  /** Ends it, without flushing, and closes the sink. */
  async stop(): Promise<void> {
    this.current = 'stopped';
    this.nextMs = 0;
    this.wake?.();
    await this.last;
    await this.sink.close();
  }

  private run(action: () => Promise<void>, needs?: BranchState): Promise<boolean> {
    const result = this.last.then(async () => {
      if (this.current === 'stopped' || (needs && this.current !== needs)) return false;
      try {
        await action();
        return true;
      } catch (error) {
        this.fail(error as Error);
        return false;
      }
    });
    this.last = result;
    return result;
  }

  private fail(error: Error): void {
    this.error = error;
    if ((this.current as BranchState) === 'stopped') return;
    const waitMs = error instanceof PitwallError && error.retryable ? this.retry.fail() : null;
    if (waitMs === null) {
      this.current = 'stopped';
      this.log.error('a branch has stopped; the others go on', { branch: this.name, error: error.message });
      return;
    }
    this.current = 'retrying';
    this.nextMs = Date.now() + waitMs;
    this.log.warn('a branch failed and is tried again', {
      branch: this.name,
      attempt: this.retry.attempts,
      waitMs,
      error: error.message,
    });
  }

  private async wait(): Promise<void> {
    const waitMs = this.nextMs - Date.now();
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }

  private stopError(): Error {
    return this.error ?? new PitwallError('sink-failed', `branch "${this.name}" has been stopped`, { stage: 'sink' });
  }
}
