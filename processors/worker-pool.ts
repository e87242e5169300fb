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

  constructor(
    private readonly module: URL,
    readonly workers: number,
  ) {
    for (let i = 0; i < workers; i++) {
      this.pools.push(
        new Piscina<Task, Result>({
          filename: module.href,
          name: 'default',
          minThreads: 1,
          maxThreads: 1,
          concurrentTasksPerWorker: 1,
          stricterFIFO: true,
          atomics: 'disabled',
          execArgv: ['--enable-source-maps'],
        }),
      );
    }
  }

  /** Runs a task on the lane's worker, after the lane's earlier tasks. */
  async run(lane: number, task: Task): Promise<Result> {
    const pool = this.pools[lane % Math.max(1, this.pools.length)];
    if (pool) return pool.run(task);
    this.inline ??= ((await import(this.module.href)) as { default: (task: Task) => Promise<Result> }).default;
    return this.inline(task);
  }

  /** Ends the threads; tasks must have ended before. */
  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }
}
