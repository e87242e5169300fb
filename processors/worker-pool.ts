import { Piscina } from 'piscina';

/**
 * Runs tasks of a module on worker threads, where tasks of one lane keep their order and their worker, so that state
 * may live there. Each worker is a pool of one thread of its own (piscina keeps the order of tasks only so). With no
 * workers the module runs in the calling thread, where a debugger's breakpoints are.
 *
 * The module's default export is the task function: `(task) => Promise<result>`.
 */
export class WorkerPool<Task, Result> {
  private readonly pools: Piscina<Task, Result>[] = [];
  private inline: ((task: Task) => Promise<Result>) | null = null;
  private running = 0;
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(
    private readonly module: URL,
    readonly workers: number,
    /** Tasks that a worker may have under way: more than one where they wait for something outside. */
    tasksAtOnce = 1,
  ) {
    for (let i = 0; i < workers; i++) {
      const pool = new Piscina<Task, Result>({
        filename: module.href,
        name: 'default',
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: tasksAtOnce,
        stricterFIFO: true,
        atomics: 'disabled',
        execArgv: ['--enable-source-maps'],
      });
      // A thread that died while it had no task: the next task runs on a new one.
      pool.on('error', () => {});
      this.pools.push(pool);
    }
  }

  /**
   * Runs a task on the lane's worker, after the lane's earlier tasks. Rejects when the thread dies in it; a new thread
   * takes the tasks that follow, and what the module kept in memory is gone.
   */
  async run(lane: number, task: Task): Promise<Result> {
    const pool = this.pools[lane % Math.max(1, this.pools.length)];
    if (!pool) return this.runInline(task);
    // Piscina lets go of the event loop while a thread starts: a process that waits for nothing else would end there.
    this.running++;
    this.keepAlive ??= setInterval(() => {}, 0x7fffffff);
    try {
      return await pool.run(task);
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
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }
}
