import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ABORT, type Database, open, type RootDatabase } from 'lmdb';
import { PitwallError } from '../../core/errors.js';
import { PAGE_BYTES } from './block-format.js';

/** Address space, not memory or disk: a map that seldom has to move, and fits where there are 39 bits of it. */
const MAP_BYTES = 2 ** 36;
const DATABASES = 8;
const LMDB_MAGIC = 0xbeefc0de;
const LMDB_VERSION = 2;

/**
 * The LMDB environment of a log, and the only code that knows lmdb-js.
 *
 * `overlappingSync: false` is what makes a resolved commit durable and a visible record safe to act on: LMDB then writes
 * the pages, calls fdatasync, writes the meta page through a descriptor opened with O_DSYNC, and only then lets readers
 * see the transaction and lmdb-js resolve its promise (`mdb_txn_commit` in liblmdb/mdb.c).
 */
export class LogStore {
  private readonly root: RootDatabase<Buffer, Buffer>;
  /** Segments of blocks. */
  readonly blocks: Database<Buffer, Buffer>;
  /** Topic and partition → where the partition starts and ends, and what it holds. */
  readonly heads: Database<Buffer, Buffer>;
  /** Topic name → number. */
  readonly topics: Database<Buffer, Buffer>;
  readonly facts: Database<Buffer, Buffer>;
  readonly schemas: Database<Buffer, Buffer>;
  /** What is fixed when the log is made. */
  readonly meta: Database<Buffer, Buffer>;
  /** Who writes; its version is the writer's epoch, which every transaction demands. */
  readonly writer: Database<Buffer, Buffer>;
  /** Set when LMDB has given up on the environment; nothing can be written until it is opened anew. */
  private broken: unknown = null;

  constructor(
    readonly dir: string,
    readOnly: boolean,
  ) {
    if (readOnly && !existsSync(join(dir, 'data.mdb'))) {
      throw failed(`${dir} holds no log to read; start the gateway that writes it first, or correct the path`);
    }
    checkFile(join(dir, 'data.mdb'));
    this.root = openRoot(dir, readOnly);
    try {
      this.blocks = this.database('blocks');
      this.heads = this.database('heads');
      this.topics = this.database('topics');
      this.facts = this.database('facts');
      this.schemas = this.database('schemas');
      this.meta = this.database('meta');
      this.writer = this.database('writer', { useVersions: true });
    } catch (cause) {
      void this.root.close();
      throw cause instanceof PitwallError ? cause : failed(`cannot open the log in ${dir}`, cause);
    }
  }

  /**
   * Runs `read` on what is committed now, and lets go of it behind: a snapshot that is kept would hide later commits
   * and keep LMDB from using dropped pages again.
   */
  snapshot<T>(read: () => T): T {
    try {
      return read();
    } finally {
      this.root.resetReadTxn();
    }
  }

  /** Runs `change` in a transaction on this thread, durable on return. For rare things. */
  change(change: () => void): void {
    try {
      this.root.transactionSync(change);
    } catch (cause) {
      throw cause instanceof PitwallError ? cause : failed(`cannot write to the log in ${this.dir}`, cause);
    }
  }

  /**
   * Makes what `fill` puts and removes durable as one transaction, on LMDB's thread; what is put must stay untouched
   * until then, and `fill` must not throw: what it had put by then would be stored. Rejects with `bus-failed` when
   * nothing was stored, also when another writer has taken over.
   */
  async commit(writerKey: Buffer, epoch: number, fill: () => void): Promise<void> {
    if (this.broken) throw this.brokenError();
    let ours: boolean;
    try {
      ours = await this.writer.ifVersion(writerKey, epoch, fill);
    } catch (error) {
      const cause = await causeOf(error);
      this.probe();
      if (this.broken) throw this.brokenError();
      throw failed(`cannot write to the log in ${this.dir}; is the disk full?`, cause, true);
    }
    if (!ours) {
      throw failed(`another process has opened the log in ${this.dir} for writing; this one may not write any more`);
    }
  }

  /** Forgets readers of processes that died while they read, whose snapshots would keep pages from being used again. */
  dropDeadReaders(): void {
    this.root.readerCheck();
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private database(name: string, options: { useVersions?: boolean } = {}): Database<Buffer, Buffer> {
    const all = { name, encoding: 'binary', keyEncoding: 'binary', ...options } as const;
    const database: Database<Buffer, Buffer> | undefined = this.root.openDB<Buffer, Buffer>(all);
    if (!database) throw failed(`${this.dir} holds no log, or one that is not complete: "${name}" is missing`);
    return database;
  }

  /** After a failed write of its meta page LMDB refuses everything, and lmdb-js would never answer again. */
  private probe(): void {
    try {
      this.root.transactionSync(() => ABORT);
    } catch (error) {
      this.broken = error;
    }
  }

  private brokenError(): PitwallError {
    return failed(`the disk failed while the log in ${this.dir} was written; mend it and start again`, this.broken);
  }
}

/** lmdb-js crashes on a file that is not LMDB's, so its mark and version are looked at before. */
function checkFile(path: string): void {
  if (!existsSync(path)) return;
  const page = Buffer.alloc(32);
  const file = openSync(path, 'r');
  let length: number;
  try {
    length = readSync(file, page, 0, page.length, 0);
  } finally {
    closeSync(file);
  }
  if (length === 0) return;
  if (
    length < page.length ||
    page.readUInt32LE(24) !== LMDB_MAGIC ||
    (page.readUInt32LE(28) & 0xffff) !== LMDB_VERSION
  ) {
    throw failed(`${path} is not the file of a log; choose another folder, or restore the file from a copy`);
  }
}

function openRoot(path: string, readOnly: boolean): RootDatabase<Buffer, Buffer> {
  try {
    return open<Buffer, Buffer>({
      path,
      readOnly,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: DATABASES,
      pageSize: PAGE_BYTES,
      encoding: 'binary',
      keyEncoding: 'binary',
      ...(hasAddressSpace() ? { mapSize: MAP_BYTES } : {}),
    });
  } catch (cause) {
    const order = readOnly ? '' : ' (in one process, the log that writes is opened before those that read)';
    throw failed(`cannot open the log in ${path}${order}`, cause);
  }
}

/** Where the map does not fit lmdb-js crashes; without a size it starts small and moves its map as it grows. */
function hasAddressSpace(): boolean {
  if (process.arch === 'arm' || process.arch === 'ia32') return false;
  try {
    const limit = /^Max address space +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return limit === null || limit[1] === 'unlimited';
  } catch {
    return true;
  }
}

/** lmdb-js rejects with a general error that has the cause as another promise. */
async function causeOf(error: unknown): Promise<unknown> {
  const inner = (error as { commitError?: Promise<unknown> }).commitError;
  if (!inner) return error;
  try {
    await inner;
    return error;
  } catch (cause) {
    return cause;
  }
}

export function failed(message: string, cause?: unknown, retryable = false): PitwallError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new PitwallError('bus-failed', `${message}${reason}`, { stage: 'bus', retryable, cause });
}
