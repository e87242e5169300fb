import {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from '../journal.js';
import { sinkFailed } from '../sink-failed.js';

const [openAsync, closeAsync, fdatasyncAsync] = [promisify(open), promisify(close), promisify(fdatasync)];
/** Syncs under way at once: the disk merges what is asked for together. */
const SYNCS_AT_ONCE = 16;

/** A file that only grows. `keptBytes` is what a crash leaves of it: its length at the last flush. */
export interface AppendFile {
  readonly id: number;
  /** Below the folder, with `/`. */
  readonly path: string;
  bytes: number;
  keptBytes: number;
  fd: number;
  inode: number;
}

/** Files below one folder that are appended to, with few of them open at a time. */
export class AppendFiles {
  private readonly open = new Map<AppendFile, true>();
  private readonly touched = new Set<AppendFile>();
  private readonly unsyncedFolders = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly openMax: number,
    private readonly sync: boolean,
  ) {}

  exists(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  /** Takes back what was appended after the last flush. Returns the bytes the file has now. */
  restore(path: string, keptBytes: number): number {
    const bytes = statSync(join(this.folder, path), { throwIfNoEntry: false })?.size ?? 0;
    if (bytes <= keptBytes) return bytes;
    truncateSync(join(this.folder, path), keptBytes);
    return keptBytes;
  }

  /** Removes a file that was begun after the last flush; one that does not begin with `signature` is not ours. */
  remove(path: string, signature: string): void {
    const whole = join(this.folder, path);
    if (!statSync(whole, { throwIfNoEntry: false })?.isFile()) return;
    const fd = openSync(whole, 'r');
    const head = Buffer.alloc(signature.length);
    const length = readSync(fd, head, 0, head.length, 0);
    closeSync(fd);
    if (signature.startsWith(head.toString('latin1', 0, length))) rmSync(whole);
  }

  append(file: AppendFile, bytes: Buffer, length: number): void {
    const fd = this.fdOf(file);
    this.touched.add(file);
    for (let at = 0; at < length; ) {
      const written = writeSync(fd, bytes, at, length - at, file.bytes);
      at += written;
      file.bytes += written;
    }
  }

  /** The first `length` bytes of a file, fewer when it is shorter. */
  head(file: AppendFile, length: number): Buffer {
    const into = Buffer.alloc(length);
    return into.subarray(0, readSync(this.fdOf(file), into, 0, length, 0));
  }

  /** Makes all that was appended durable; returns the files that grew. The caller then sets their `keptBytes`. */
  async flush(): Promise<AppendFile[]> {
    const files = [...this.touched];
    this.checkInPlace(files);
    if (this.sync) {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < files.length) await this.syncFile(files[next++]!);
      };
      const ended = await Promise.allSettled(Array.from({ length: SYNCS_AT_ONCE }, worker));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      for (const folder of this.unsyncedFolders) syncFolder(folder);
    }
    this.unsyncedFolders.clear();
    this.touched.clear();
    return files;
  }

  close(): void {
    for (const file of this.open.keys()) {
      closeSync(file.fd);
      file.fd = -1;
    }
    this.open.clear();
    this.touched.clear();
    this.unsyncedFolders.clear();
  }

  private fdOf(file: AppendFile): number {
    if (file.fd >= 0) {
      this.open.delete(file);
      this.open.set(file, true);
      return file.fd;
    }
    while (this.open.size >= this.openMax) {
      const oldest = this.open.keys().next().value!;
      this.open.delete(oldest);
      closeSync(oldest.fd);
      oldest.fd = -1;
    }
    const path = join(this.folder, file.path);
    if (file.inode === 0 && file.bytes === 0) this.makeFolder(dirname(path));
    file.fd = openSync(path, file.bytes === 0 ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR);
    const { ino } = fstatSync(file.fd);
    if (file.inode !== 0 && file.inode !== ino) {
      closeSync(file.fd);
      file.fd = -1;
      throw moved(path);
    }
    file.inode = ino;
    this.open.set(file, true);
    return file.fd;
  }

  private makeFolder(path: string): void {
    const first = mkdirSync(path, { recursive: true });
    this.unsyncedFolders.add(path);
    if (first === undefined) return;
    const top = dirname(first);
    for (let at = path; at !== top && relative(this.folder, at) !== ''; ) {
      at = dirname(at);
      this.unsyncedFolders.add(at);
    }
  }

  /**
   * Rows that went into a file that has been moved, deleted or emptied are fed again, so they are taken back from
   * where they went.
   */
  private checkInPlace(files: readonly AppendFile[]): void {
    let gone: string | undefined;
    for (const file of files) {
      const path = join(this.folder, file.path);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found && found.ino === file.inode && found.size >= file.bytes) continue;
      if (file.fd >= 0 && fstatSync(file.fd).size > file.keptBytes) ftruncateSync(file.fd, file.keptBytes);
      gone = path;
    }
    if (gone !== undefined) throw moved(gone);
  }

  private async syncFile(file: AppendFile): Promise<void> {
    if (file.fd >= 0) return fdatasyncAsync(file.fd);
    const fd = await openAsync(join(this.folder, file.path), 'r+');
    try {
      await fdatasyncAsync(fd);
    } finally {
      await closeAsync(fd);
    }
  }
}

function moved(path: string) {
  return sinkFailed(
    `${path} was moved, deleted or emptied while rows were written to it; they are written again`,
    true,
  );
}
