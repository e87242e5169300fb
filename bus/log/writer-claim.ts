import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { failed, type LogStore } from './log-store.js';

const KEY = Buffer.from('writer');

interface Holder {
  pid: number;
  started: string | null;
  /** Absent in claims of older versions. */
  thread?: number;
  owner?: string | null;
}

/**
 * The right to write to a log: one process at a time. Opening is refused while the process that holds it runs (told
 * by its number and start time, where /proc shows them). Should two get in all the same, the later one wins: each
 * transaction demands the epoch of its writer, so the earlier one's fail instead of mixing in.
 */
export class WriterClaim {
  private constructor(
    private readonly store: LogStore,
    readonly epoch: number,
  ) {}

  readonly key = KEY;

  static take(store: LogStore, owner: string | null): WriterClaim {
    let epoch = 1;
    store.change(() => {
      const entry = store.writer.getEntry(KEY);
      if (entry) {
        const holder = JSON.parse(entry.value.toString()) as Holder;
        const isPredecessor = owner !== null && holder.owner === owner && holder.thread !== threadId;
        if (holder.pid !== 0 && !isPredecessor && holder.started !== null && startOf(holder.pid) === holder.started) {
          const who = holder.pid === process.pid ? 'this process' : `process ${holder.pid}`;
          throw failed(`the log in ${store.dir} is open for writing in ${who} already; stop that first`);
        }
        epoch = (entry.version ?? 0) + 1;
      }
      store.writer.put(KEY, holderText(process.pid, owner), epoch);
    });
    return new WriterClaim(store, epoch);
  }

  /** Lets the next one in. */
  release(): void {
    this.store.change(() => {
      if (this.store.writer.getEntry(KEY)?.version === this.epoch)
        this.store.writer.put(KEY, holderText(0, null), this.epoch);
    });
  }
}

function holderText(pid: number, owner: string | null): Buffer {
  const holder: Holder = { pid, started: pid === 0 ? null : startOf(pid), thread: threadId, owner };
  return Buffer.from(JSON.stringify(holder));
}

/** The boot and clock tick a process started at, or null where that cannot be known or there is no such process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead, only not yet collected by its parent.
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}
