import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Retry, type RetryOptions } from '../core/retry.js';
import { Slots } from '../core/slots.js';
import { ThreadEnded } from './thread-ended.js';
import { threadPlace } from './thread-place.js';
import { ThreadWatch } from './thread-watch.js';

export interface ThreadLimits {
  /**
   * A thread that is in code of users and has not been heard of for so long is ended: far longer than a call of a function,
   * or a module, may take.
   */
  silentMs: number;
  /** Of JavaScript objects; typed arrays are not among them. More is a leak: a thread needs a tenth of it. */
  heapMiB: number;
  /** How long until the next start of a thread that died while it started. */
  restart?: RetryOptions;
}

const HEAP_SPARE = 1.5;
const END_AGAIN_MS = 200;
const END_AGAIN_MAX = 5;
const RESTART: RetryOptions = { firstMs: 500, minMs: 200, maxMs: 30_000 };

/** A thread, with the pool of which it is the only one ever: piscina starts none after one that died while it started. */
interface Life<Task, Result> {
  pool: Piscina<Task, Result>;
  thread: Worker | null;
  number: number;
  /** It has loaded the module and takes tasks. */
  started: boolean;
  /** It is silent, and is asked where it is before it is ended. */
  ending: Promise<void> | null;
  /** Why it ends, or has ended. */
  ended: ThreadEnded | null;
}

/**
 * A place of a worker pool: one thread at a time, which the first task starts, and the first one after its death starts
 * anew. After a thread that died while it started that takes growing pauses, in which tasks are refused.
 */
export class WorkerPlace<Task, Result> {
  private readonly watch: ThreadWatch;
  private readonly slots: Slots;
  private readonly retry: Retry;
  private life: Life<Task, Result> | null = null;
  /** Of the last start, where it failed. */
  private fault: ThreadEnded | null = null;
  private restUntilMs = 0;
  private closed = false;

  constructor(
    private readonly module: URL,
    private readonly tasksAtOnce: number,
    private readonly limits: ThreadLimits,
    /** A thread has died while it started, for this many times in a row. */
    private readonly notStarted: (fault: ThreadEnded, attempts: number) => void,
  ) {
    this.watch = new ThreadWatch(ThreadWatch.data(limits.heapMiB * 2 ** 20));
    this.slots = new Slots(tasksAtOnce);
    this.retry = new Retry(limits.restart ?? RESTART);
  }

  /** Tasks that wait for their turn outlive the thread; of those it has begun, each rejects with ThreadEnded. */
  async run(task: Task): Promise<Result> {
    await this.slots.enter();
    try {
      return await this.runOn(this.life ?? this.begin(), task);
    } finally {
      this.slots.leave();
    }
  }

  /** Ends the thread if it is stuck in code of users. */
  endSilent(): void {
    const { life } = this;
    if (!life || life.ending || !this.isSilent(life)) return;
    life.ending = this.end(life).finally(() => {
      life.ending = null;
    });
  }

  async close(): Promise<void> {
    const { life } = this;
    this.closed = true;
    this.life = null;
    await life?.ending;
    await life?.pool.destroy();
  }

  private isSilent({ thread, number, ended }: Life<Task, Result>): boolean {
    const section = this.watch.section();
    if (thread === null || ended !== null || section === null) return false;
    // Else it is the section of a thread before it.
    return section.silentMs >= this.limits.silentMs && section.thread === number;
  }

  /** Unless it goes on while it is asked where it is. */
  private async end(life: Life<Task, Result>): Promise<void> {
    const line = await threadPlace(life.number);
    if (!this.isSilent(life)) return;
    const { id, what, at } = this.watch.section()!;
    const where = `${line === null ? '' : ` at ${line}`}${at === null ? '' : ` in ${at}`}`;
    const message = `${what} did not return within ${this.limits.silentMs / 1000} s${where}, and its thread was ended`;
    life.ended = new ThreadEnded(message, id, true);
    await terminated(life.thread!);
  }

  private async runOn(life: Life<Task, Result>, task: Task): Promise<Result> {
    try {
      const result = life.pool.run(task);
      if (!life.thread) this.follow(life);
      return await result;
    } catch (error) {
      // The system has no room for a thread.
      if (!life.thread) this.over(life, error as Error);
      throw life.ended ?? error;
    }
  }

  private begin(): Life<Task, Result> {
    if (this.closed) throw new Error('the worker pool is closed');
    const restMs = this.restUntilMs - performance.now();
    if (this.fault && restMs > 0) throw new ThreadEnded(this.fault.message, null, false, restMs);
    const pool = new Piscina<Task, Result>({
      filename: this.module.href,
      name: 'default',
      // Those that it starts unasked count as started before they are.
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: this.tasksAtOnce,
      stricterFIFO: true,
      atomics: 'disabled',
      execArgv: ['--enable-source-maps'],
      workerData: this.watch.shared,
      // Behind the limit that a thread keeps itself, for what one call takes.
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(this.limits.heapMiB * HEAP_SPARE) },
    });
    const life: Life<Task, Result> = { pool, thread: null, number: 0, started: false, ending: null, ended: null };
    // What ends a thread is heard of the thread itself.
    pool.on('error', () => {});
    pool.on('workerCreate', () => {
      life.started = true;
      this.fault = null;
      this.retry.succeed();
    });
    this.life = life;
    return life;
  }

  private follow(life: Life<Task, Result>): void {
    const thread = life.pool.threads[0]!;
    life.thread = thread;
    life.number = thread.threadId;
    // Before piscina hears it and rejects the tasks.
    thread.prependOnceListener('error', (error) => this.over(life, error));
    thread.prependOnceListener('exit', (code) => this.over(life, new Error(`exit code ${code}`)));
  }

  private over(life: Life<Task, Result>, cause: Error): void {
    if (this.life !== life) return;
    this.life = null;
    if (!life.started) life.ended = this.diedInStart(cause);
    life.ended ??= this.diedIn(cause);
    // What it has left open is not its successor's.
    this.watch.begin();
    // Rejects tasks that no thread has taken; piscina rejects the others first.
    setImmediate(() => void life.pool.destroy());
  }

  private diedInStart(cause: Error): ThreadEnded {
    const waitMs = this.retry.fail() ?? 0;
    const message = `its worker thread died while it started: ${this.describe(cause)}`;
    this.restUntilMs = performance.now() + waitMs;
    this.fault = new ThreadEnded(message, null, false, waitMs);
    this.notStarted(this.fault, this.retry.attempts);
    return this.fault;
  }

  private diedIn(cause: Error): ThreadEnded {
    const section = this.watch.section();
    const last = section?.at ? `, last in ${section.at}` : '';
    const during = section ? `, in ${section.what}${last}` : '';
    const what = isOutOfMemory(cause) || this.watch.tooLarge ? this.tooLarge() : null;
    const message = what
      ? `its worker thread ${what} and was ended${during}`
      : `its worker thread ended${during}: ${cause.message}`;
    return new ThreadEnded(message, section?.id ?? null);
  }

  private describe(cause: Error): string {
    return isOutOfMemory(cause) ? `it ${this.tooLarge()}` : cause.message;
  }

  private tooLarge(): string {
    return `had more than ${this.limits.heapMiB} MiB of objects`;
  }
}

function isOutOfMemory(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** Ends a thread, again where what it evaluates takes the end for its own (see thread-place.ts). */
async function terminated(thread: Worker): Promise<void> {
  let left = END_AGAIN_MAX;
  const again = setInterval(() => {
    if (left-- > 0) void thread.terminate();
  }, END_AGAIN_MS);
  await thread.terminate();
  clearInterval(again);
}
