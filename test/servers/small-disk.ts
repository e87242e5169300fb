import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { atExit } from '../support/at-exit.js';
import { run } from './install.js';
import type { ServerCommand } from './server-process.js';

const NAMESPACES = ['--user', '--map-root-user', '--mount'];
/** Ends with the process that started it, even if that is killed; what enters namespaces has to be told so again. */
const TIED = ['setpriv', '--pdeathsig', 'KILL'];

/**
 * A file system in memory over one folder, of a size that can be changed. Only those see it that are started on it, one after
 * another: what one has written is there for the next. It goes with the process that made it.
 */
export class SmallDisk {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly folder: string,
  ) {}

  static async make(folder: string, mib: number): Promise<SmallDisk> {
    const script = `mkdir -p "$1" && mount -t tmpfs -o "size=$2m" small "$1" && echo made && shift 2 && exec "$@"`;
    const argv = [...NAMESPACES, 'sh', '-c', script, 'sh', folder, String(mib), ...TIED, 'sleep', 'infinity'];
    const holder = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    atExit(() => holder.kill('SIGKILL'));
    const made = once(holder.stdout!, 'data');
    const failed = once(holder, 'exit').then(([code]) => Promise.reject(new Error(`unshare ended with ${code}`)));
    await Promise.race([made, failed]);
    failed.catch(() => {});
    holder.stdout!.destroy();
    holder.unref();
    return new SmallDisk(holder, folder);
  }

  /** The same program, which sees the disk at the folder. */
  on({ argv, ...rest }: ServerCommand): ServerCommand {
    return { ...rest, argv: [...this.inside, ...TIED, ...argv] };
  }

  async resize(mib: number): Promise<void> {
    const [file, ...args] = [...this.inside, 'mount', '-o', `remount,size=${mib}m`, this.folder];
    await run(file!, args, '/');
  }

  private get inside(): string[] {
    return ['nsenter', '--target', String(this.holder.pid), '--user', '--mount', '--preserve-credentials'];
  }
}

/** Options for a test that needs one. Where the system allows none, as in many containers, it is skipped, in CI as well. */
export function needsSmallDisk(): { skip: string | false } {
  const tried = spawnSync('unshare', [...NAMESPACES, 'mount', '-t', 'tmpfs', 'small', '/mnt'], { encoding: 'utf8' });
  if (tried.status === 0) return { skip: false };
  const why = (tried.stderr ?? String(tried.error)).trim();
  return { skip: `SKIPPED: this system allows no small disk of a test's own: ${why}` };
}
