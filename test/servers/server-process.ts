import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from '../support/at-exit.js';

export interface ServerCommand {
  argv: string[];
  env?: Record<string, string>;
  /** The name of the Docker container that `argv` runs in; signals go to it and not to the `docker` command. */
  container?: string;
  /** What asks for the orderly end; SIGTERM without it. */
  endSignal?: NodeJS.Signals;
}

const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * A server that is not ours, as a process with a folder of its own. It dies with this process, even if that is killed,
 * and does not keep it alive; the folder is removed at an orderly end.
 */
export class ServerProcess {
  readonly dir: string;
  private child: ChildProcess | null = null;
  private container: string | undefined;
  private endSignal: NodeJS.Signals = 'SIGTERM';

  constructor(
    readonly name: string,
    private readonly command: () => ServerCommand,
    private readonly isReady: () => Promise<boolean>,
  ) {
    this.dir = mkdtempSync(join(tmpdir(), `pitwall-${name}-`));
    atExit(() => {
      this.signal('SIGKILL');
      // It may still be writing its last file.
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    });
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Of the process, while it runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it, the first time or again, and resolves when it answers. */
  async start(): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { argv, env, container, endSignal = 'SIGTERM' } = this.command();
    const [file, ...args] = container === undefined ? [...tie(), ...argv] : argv;
    const log = openSync(this.logFile, 'a');
    const child = spawn(file!, args, {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let failure: Error | null = null;
    child.once('error', (error) => {
      failure = error;
      this.child = null;
    });
    child.once('exit', (code, signal) => {
      failure = new Error(`it ended with ${code ?? signal}`);
    });
    this.child = child;
    this.container = container;
    this.endSignal = endSignal;
    child.unref();
    if (container !== undefined) watch(child, ['docker', 'rm', '-f', container]);
    else if (tie().length === 0) watch(child, ['kill', '-9', String(child.pid)]);

    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await this.isReady())) {
      if (performance.now() > deadline) failure ??= new Error(`it does not answer after ${START_TIMEOUT_MS} ms`);
      if (failure !== null) {
        this.signal('SIGKILL');
        throw new Error(`${this.name} does not start: ${(failure as Error).message}\n${this.logTail()}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    await this.end(this.endSignal);
    clearTimeout(timer);
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** It keeps its connections and answers nothing until `resume`. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** The end of what it wrote, for messages. */
  logTail(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').slice(-3000) : '';
  }

  private get logFile(): string {
    return join(this.dir, 'server.log');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    const child = this.child!;
    child.ref();
    const ended = once(child, 'exit');
    this.signal(signal);
    await ended;
  }

  private signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    if (this.container === undefined) this.child!.kill(signal);
    else spawnSync('docker', ['kill', '--signal', signal, this.container], { stdio: 'ignore' });
  }
}

let tied: string[] | null = null;

/** What has the kernel end a process with this one, where there is such a thing (Linux). */
function tie(): string[] {
  const command = ['setpriv', '--pdeathsig', 'KILL'];
  tied ??= spawnSync(command[0]!, [...command.slice(1), 'true']).status === 0 ? command : [];
  return tied;
}

/** The same from a shell that looks every second. */
function watch(child: ChildProcess, end: string[]): void {
  const script = 'parent=$1; shift; while kill -0 "$parent" 2>/dev/null; do sleep 1; done; "$@"';
  const watcher = spawn('sh', ['-c', script, 'sh', String(process.pid), ...end], { detached: true, stdio: 'ignore' });
  watcher.unref();
  child.once('exit', () => watcher.kill());
}
