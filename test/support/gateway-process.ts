import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { atExit } from './at-exit.js';

export const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface LaneHealth {
  id: string;
  state: string;
  error: string | null;
}

/** Runs a pitwall command to its end. */
export async function pitwall(
  args: string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr };
}

/** A process that was told to end and has not by then is a fault of the product. */
const STOP_TIMEOUT_MS = 60_000;

/** A running `pitwall run` as a process of its own. */
export class GatewayProcess {
  private child: ChildProcess | null = null;
  mqtt = '';
  http = '';
  stderr = '';
  /** Over all its lives. */
  stdout = '';

  constructor(
    readonly dir: string,
    private readonly yaml: string,
    /** Further ones of `pitwall run`, such as a role. */
    private readonly args: readonly string[] = [],
  ) {}

  get pid(): number {
    return this.child!.pid!;
  }

  /** Its standard output, for tests of who reads it. */
  get output(): Readable {
    return this.child!.stdout!;
  }

  /** Starts it and resolves when it is ready. With fixed ports in the file it may be started again. */
  async start(): Promise<this> {
    const file = join(this.dir, 'pitwall.yaml');
    writeFileSync(file, this.yaml);
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN, 'run', '-c', file, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    atExit(() => child.kill('SIGKILL'));
    child.stderr!.on('data', (text) => {
      this.stderr += text;
    });
    const ready = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout!.on('data', (chunk) => {
        text += chunk;
        this.stdout += chunk;
        if (text.includes('\n')) resolve(text);
      });
      child.once('exit', (code) =>
        reject(new Error(`the gateway ended with ${code} before it was ready:\n${this.stderr}`)),
      );
    });
    this.mqtt = /mqtt=(\S+)/.exec(ready)?.[1] ?? '';
    this.http = /http=(\S+)/.exec(ready)?.[1] ?? '';
    return this;
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Open connections of devices, by protocol. */
  async connections(): Promise<Record<string, number>> {
    const page = await (await fetch(`http://${this.http}/metrics`)).text();
    const found = page.matchAll(/^pitwall_connections\{protocol="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, protocol, count]) => [protocol, Number(count)]));
  }

  /** What `/health` says of a lane. */
  async lane(id: string): Promise<LaneHealth> {
    const page = (await (await fetch(`http://${this.http}/health`)).json()) as { lanes: LaneHealth[] };
    return page.lanes.find((lane) => lane.id === id)!;
  }

  /** SIGTERM, and waits for the end; returns the exit code. */
  async stop(): Promise<number | null> {
    const child = this.child!;
    if (!this.running) return child.exitCode;
    child.kill('SIGTERM');
    const ended = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    if (signal === 'SIGKILL')
      throw new Error(`it did not end within ${STOP_TIMEOUT_MS} ms of SIGTERM:\n${this.stderr}`);
    return code;
  }

  async kill(): Promise<void> {
    if (!this.running) return;
    const child = this.child!;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
