import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { sinkFailed } from '../sink-failed.js';

const BEAT_MS = 5_000;
const FOREIGN_STALE_MS = 30_000;

interface Holder {
  host: string;
  pid: number;
  /** Linux: `PID/task/TID` below /proc and its start in clock ticks, which together name a thread for ever. */
  thread: string;
  started: string;
}

/**
 * One holder a folder, by a lock file that names the thread that holds it. The lock of a thread that is gone (kill -9,
 * a crashed worker) is taken over. A holder on another machine cannot be asked: it counts as gone when it has not
 * touched the file for 30 seconds. Throws `sink-failed` while another one holds it, retryable only in that last case.
 */
export class FolderLock {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly path: string,
    private readonly owner: string,
  ) {}

  acquire(): void {
    if (this.timer) return;
    const mine = `${this.path}.${process.pid}.${threadId}`;
    writeFileSync(mine, JSON.stringify(self()));
    try {
      for (let attempt = 0; !tryLink(mine, this.path); attempt++) {
        const holder = readHolder(this.path);
        if (attempt === 10 || (holder && isAlive(holder, this.path))) throw this.taken(holder);
        const stale = `${mine}.stale`;
        try {
          renameSync(this.path, stale);
          rmSync(stale);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
    } finally {
      rmSync(mine, { force: true });
    }
    this.timer = setInterval(() => this.beat(), BEAT_MS).unref();
  }

  release(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    rmSync(this.path, { force: true });
  }

  private beat(): void {
    try {
      const now = new Date();
      utimesSync(this.path, now, now);
    } catch {
      // Only a holder on another machine reads the time; a missing file is noticed by nobody else.
    }
  }

  private taken(holder: Holder | null) {
    const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
    return sinkFailed(
      `${this.owner} is being written by ${who}; stop that one, or give this sink another name or path (lock: ${this.path})`,
      holder !== null && holder.host !== hostname(),
    );
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
  }
  // A file system without hard links.
  try {
    const fd = openSync(to, 'wx');
    writeFileSync(fd, readFileSync(from));
    fsyncSync(fd);
    closeSync(fd);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function self(): Holder {
  let thread = '';
  try {
    thread = readlinkSync('/proc/thread-self');
  } catch {
    // Not Linux: the process id alone must do.
  }
  return { host: hostname(), pid: process.pid, thread, started: startOf(thread) };
}

function startOf(thread: string): string {
  if (thread === '') return '';
  try {
    const stat = readFileSync(`/proc/${thread}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder, path: string): boolean {
  if (holder.host !== hostname()) {
    const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - touched < FOREIGN_STALE_MS;
  }
  if (holder.thread !== '') return startOf(holder.thread) === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
