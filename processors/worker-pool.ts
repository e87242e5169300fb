import type { ThreadEnded } from './thread-ended.js';
import { type ThreadLimits, WorkerPlace } from './worker-place.js';

const LIMITS: ThreadLimits = { silentMs: 30_000, heapMiB: 2048 };

/**
 * Runs tasks of a module on worker threads, where tasks of one lane keep their order and their worker, so that state
 * may live there. With no workers the module runs in the calling thread, where a debugger's breakpoints are.
 *
 * The module's default export is the task function: `(task) => Promise<result>`.
 */
export class WorkerPool<Task, Result> {
  /** Hears of each thread that has died while it started: of which worker, and the how many-th in a row it was. */
  notStarted: (worker: number, fault: ThreadEnded, attempts: number) => void = () => {};
  private readonly places: WorkerPlace<Task, Result>[] = [];
  private readonly watching: NodeJS.Timeout | null = null;
  private inline: ((task: Task) => Promise<Result>) | null = null;
  private running = 0;
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(
    private readonly module: URL,
    readonly workers: number,
    /** Tasks that a worker may have under way: more than one where they wait for something outside. */
    tasksAtOnce = 1,
    limits: ThreadLimits = LIMITS,
  ) {
    for (let i = 0; i < workers; i++) {
      const place = new WorkerPlace<Task, Result>(module, tasksAtOnce, limits, (fault, attempts) =>
        this.notStarted(i, fault, attempts),
      );
      this.places.push(place);
    }
    if (workers === 0) return;
    this.watching = setInterval(
      () => {
        for (const place of this.places) place.endSilent();
      },
      Math.min(1000, limits.silentMs / 4),
    );
    this.watching.unref();
  }

  /** Which worker has a lane; 0 without workers. */
  workerOf(lane: number): number {
    return lane % Math.max(1, this.workers);
  }

  /**
   * Runs a task on the lane's worker, after the lane's earlier tasks. Rejects with ThreadEnded when the thread dies in it; a
   * new thread takes the tasks that follow, and what the module kept in memory is gone. Where threads die while they start
   * it rejects too, at once, until it is time to start another.
   */
  async run(lane: number, task: Task): Promise<Result> {
    const place = this.places[this.workerOf(lane)];
    if (!place) return this.runInline(task);
    // Piscina lets go of the event loop while a thread starts: a process that waits for nothing else would end there.
    this.running++;
    this.keepAlive ??= setInterval(() => {}, 0x7fffffff);
    try {
      return await place.run(task);
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
    await Promise.all(this.places.map((place) => place.close()));
  }
}
