import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = process.env.PITWALL_TEST_CACHE ?? join(homedir(), '.cache', 'pitwall-test-servers');

export function isCached(name: string): boolean {
  return existsSync(join(cache, name));
}

/** The folder `name` of the cache; `install` fills it the first time. Processes may do this at once. */
export async function cached(name: string, install: (dir: string) => Promise<void>): Promise<string> {
  const dir = join(cache, name);
  if (existsSync(dir)) return dir;
  mkdirSync(cache, { recursive: true });
  process.stderr.write(`installing ${name} into ${cache}, once\n`);
  const partial = mkdtempSync(`${dir}.partial-`);
  try {
    await install(partial);
    renameSync(partial, dir);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process may have been first: its folder is as good.
    if (!existsSync(dir)) throw error;
  }
  return dir;
}

/** Runs a command to its end and returns its output; rejects with the end of it if that is not 0. */
export async function run(command: string, args: string[], cwd?: string): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${code}\n${output.slice(-3000)}`);
  return output;
}

/** Runs Maven in a folder: it leaves notes there of what it has done. It reads its settings from where the user has them. */
export async function maven(dir: string, args: string[]): Promise<void> {
  await run('mvn', ['--quiet', '--batch-mode', ...args], dir);
}

const answered = new Map<string, string | null>();

/** What a command prints, or null if it cannot be run or fails. */
function answerOf(command: string, ...args: string[]): string | null {
  const key = [command, ...args].join(' ');
  if (!answered.has(key)) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
    answered.set(key, status === 0 ? stdout + stderr : null);
  }
  return answered.get(key)!;
}

/** The release of the `java` in the path, 0 without one. */
export function javaRelease(): number {
  return Number(/version "(\d+)/.exec(answerOf('java', '-version') ?? '')?.[1] ?? 0);
}

export function hasMaven(): boolean {
  return answerOf('mvn', '--version') !== null;
}

/** Whether a command can be run; `args` have it say something and end. */
export function hasCommand(command: string, ...args: string[]): boolean {
  return answerOf(command, ...args) !== null;
}

/** A Python that has pip. */
export function pythonWithPip(): string | null {
  return ['python3', 'python3.11'].find((python) => answerOf(python, '-m', 'pip', '--version') !== null) ?? null;
}

/** Whether a Docker engine answers. */
export function hasDocker(): boolean {
  return answerOf('docker', 'version') !== null;
}

/**
 * A free port for a server that comes back on it. It lies below those the system gives to clients: one that tries to
 * reconnect while the server is down could otherwise be given the server's port, and reach itself.
 */
export async function serverPort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

const told = new Set<string>();

/** Options for a test: skipped, loudly, when something is missing, except in CI, where it runs and fails. */
export function skipIf(missing: string | null): { skip: string | false } {
  if (missing === null || process.env.CI === 'true') return { skip: false };
  const message = `SKIPPED: ${missing}`;
  if (!told.has(message)) process.stderr.write(`${message}\n`);
  told.add(message);
  return { skip: message };
}
