import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchFault } from '../bench-fault.js';
import type { ExpectedRows } from '../stored-rows.js';
import type { FromLoad, LoadCounts, LoadPlan, ToLoad } from './load-plan.js';

const MODULE = fileURLToPath(new URL('./load-process.js', import.meta.url));

/** A load process, driven from the benchmark. `stop` or the end of its plan ends it; `kill` is for every other way out. */
export class Load {
  /** Everything since the last mark, and what was sent in all. */
  readonly done: Promise<{ counts: LoadCounts; sent: ExpectedRows[] }>;
  private readonly ready: Promise<void>;
  private marked: ((counts: LoadCounts) => void) | null = null;

  private constructor(private readonly child: ChildProcess) {
    let isReady!: () => void;
    let failed!: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve;
      failed = reject;
    });
    this.done = new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        const error = benchFault(`the load process failed: ${reason}`);
        failed(error);
        reject(error);
      };
      child.on('message', (message: FromLoad) => {
        if (message.type === 'ready') isReady();
        else if (message.type === 'marked') this.marked?.(message.counts);
        else if (message.type === 'done') resolve(message);
        else fail(message.reason);
      });
      child.on('exit', (code, signal) => fail(`it ended with ${code ?? signal}`));
    });
    this.done.catch(() => {});
  }

  /** Starts the process and waits until all its connections are open. */
  static async start(plan: LoadPlan): Promise<Load> {
    const load = new Load(fork(MODULE, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
    try {
      await load.ready;
    } catch (error) {
      await load.kill();
      throw error;
    }
    return load;
  }

  go(): void {
    this.tell({ type: 'go' });
  }

  stop(): void {
    this.tell({ type: 'stop' });
  }

  /** Counts since the last mark or the start; the next ones begin anew. */
  async mark(): Promise<LoadCounts> {
    const counts = new Promise<LoadCounts>((resolve) => {
      this.marked = resolve;
    });
    this.tell({ type: 'mark' });
    return Promise.race([counts, this.done.then((end) => end.counts)]);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private tell(message: ToLoad): void {
    if (this.child.connected) this.child.send(message);
  }
}
