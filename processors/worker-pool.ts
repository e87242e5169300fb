import { Piscina } from 'piscina';
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
}

const HEAP_SPARE = 1.5;
const END_AGAIN_MS = 200;
const END_AGAIN_MAX = 5;
const LIMITS: ThreadLimits = { silentMs: 30_000, heapMiB: 2048 };

/** A thread has ended while it had tasks. */
export class ThreadEnded extends Error {
  constructor(
    message: string,
    /** The lane whose code of users it ran; null where it ran none. */
    readonly lane: string | null,
    /** It was ended since that code did not return. */
    readonly silent: boolean,
  ) {
    super(message);
  }
}

type Thread = Piscina['threads'][number];

interface Place<Task, Result> {
  pool: Piscina<Task, Result>;
  watch: ThreadWatch;
  /** Its thread is silent, is asked where it is, and ended. */
  ending: Promise<void> | null;
  /** Why its thread was ended, until it has. */
  ended: ThreadEnded | null;
}

/**
 * Runs tasks of a module on worker threads, where tasks of one lane keep their order and their worker, so that state
 * may live there. Each worker is a pool of one thread of its own (piscina keeps the order of tasks only so). With no
 * workers the module runs in the calling thread, where a debugger's breakpoints are.
 *
 * The module's default export is the task function: `(task) => Promise<result>`.
 */
export class WorkerPool<Task, Result> {
  private readonly places: Place<Task, Result>[] = [];
  private readonly watching: NodeJS.Timeout | null = null;
  private inline: ((task: Task) => Promise<Result>) | null = null;
  private running = 0;
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(
    private readonly module: URL,
    readonly workers: number,
    /** Tasks that a worker may have under way: more than one where they wait for something outside. */
    tasksAtOnce = 1,
    private readonly limits: ThreadLimits = LIMITS,
  ) {
    for (let i = 0; i < workers; i++) {
      const watch = new ThreadWatch(ThreadWatch.data(limits.heapMiB * 2 ** 20));
      const pool = new Piscina<Task, Result>({
        filename: module.href,
        name: 'default',
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: tasksAtOnce,
        stricterFIFO: true,
        atomics: 'disabled',
        execArgv: ['--enable-source-maps'],
        workerData: watch.shared,
        // Behind the limit that a thread keeps itself, for what one call takes.
        resourceLimits: { maxOldGenerationSizeMb: Math.ceil(limits.heapMiB * HEAP_SPARE) },
      });
      // A thread that died while it had no task: the next task runs on a new one.
      pool.on('error', () => {});
      this.places.push({ pool, watch, ending: null, ended: null });
    }
    if (workers === 0) return;
    this.watching = setInterval(() => this.endSilent(), Math.min(1000, limits.silentMs / 4));
    this.watching.unref();
  }

  /**
   * Runs a task on the lane's worker, after the lane's earlier tasks. Rejects with ThreadEnded when the thread dies in it; a
   * new thread takes the tasks that follow, and what the module kept in memory is gone.
   */
  async run(lane: number, task: Task): Promise<Result> {
    const place = this.places[lane % Math.max(1, this.places.length)];
    if (!place) return this.runInline(task);
    // Piscina lets go of the event loop while a thread starts: a process that waits for nothing else would end there.
    this.running++;
    this.keepAlive ??= setInterval(() => {}, 0x7fffffff);
    try {
      return await place.pool.run(task);
    } catch (error) {
      throw this.whyEnded(place, error as Error);
    } finally {
      if (--this.running === 0) {
        clearInterval(this.keepAlive);
        this.keepAlive = null;
      }
    }
  }

  /** In a turn of its own, since a task may end without ever waiting, and sockets and timers must get their turn. */
  private async runInline(task: Task): Promise<Result> {
    this.inline ??= ((await import(this.module.href)) as { default: (task: Task) => Promise<Result> }).default;
    await new Promise((next) => setImmediate(next));
    return this.inline(task);
  }

  /** Ends the threads; tasks must have ended before. */
  async close(): Promise<void> {
    if (this.watching) clearInterval(this.watching);
    await Promise.all(this.places.map(({ ending }) => ending));
    await Promise.all(this.places.map(({ pool }) => pool.destroy()));
  }

  /** Ends threads that are stuck in code of users. */
  private endSilent(): void {
    for (const place of this.places) {
      const thread = this.silentThread(place);
      if (!thread || place.ending || place.ended) continue;
      place.ending = this.end(place, thread).finally(() => {
        place.ending = null;
      });
    }
  }

  /** Unless it goes on while it is asked where it is. */
  private async end(place: Place<Task, Result>, thread: Thread): Promise<void> {
    const line = await threadPlace(thread.threadId);
    if (this.silentThread(place) !== thread) return;
    const { id, what, at } = place.watch.section()!;
    const where = `${line === null ? '' : ` at ${line}`}${at === null ? '' : ` in ${at}`}`;
    const message = `${what} did not return within ${this.limits.silentMs / 1000} s${where}, and its thread was ended`;
    place.ended = new ThreadEnded(message, id, true);
    await terminated(thread);
    forget(place);
  }

  /** The thread of a place where it has been in code of users for too long. */
  private silentThread({ watch, pool }: Place<Task, Result>): Thread | null {
    const section = watch.section();
    if (section === null || section.silentMs < this.limits.silentMs) return null;
    // One that is just starting has not said yet that it runs nothing, and ended now it would get no successor.
    return pool.threads.find(({ threadId }) => threadId === section.thread) ?? null;
  }

  private whyEnded(place: Place<Task, Result>, error: Error & { code?: string }): Error {
    if (place.ended) return place.ended;
    const section = place.watch.section();
    const last = section?.at ? `, last in ${section.at}` : '';
    const during = section ? `, in ${section.what}${last}` : '';
    const what =
      place.watch.tooLarge || error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? `its worker thread had more than ${this.limits.heapMiB} MiB of objects and was ended${during}`
        : `its worker thread ended${during}: ${error.message}`;
    return new ThreadEnded(what, section?.id ?? null, false);
  }
}

/** In a turn of its own: the tasks that the thread had are told first. */
function forget(place: { ended: ThreadEnded | null }): void {
  setImmediate(() => {
    place.ended = null;
  });
}

/** Ends a thread, again where what it evaluates takes the end for its own (see thread-place.ts). */
async function terminated(thread: Thread): Promise<void> {
  let left = END_AGAIN_MAX;
  const again = setInterval(() => {
    if (left-- > 0) void thread.terminate();
  }, END_AGAIN_MS);
  await thread.terminate();
  clearInterval(again);
}
